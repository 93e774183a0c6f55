/*
 * A monitor of a UDP echo service, on POSIX.
 *
 *     udp_echo HOST PORT    probes that service until it is interrupted
 *     udp_echo              starts a service of its own on the loopback address, which falls silent
 *                           after 10 replies, and ends when the verdict is dead
 *
 * A probe is the 8 bytes of its number. The service sends back what it received.
 */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <inttypes.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "systole.h"

#define PROBE_SIZE 8

static systole_planned_monitor_t monitor;

/* Microseconds of a clock that nobody sets. */
static uint64_t now_us(void) {
  struct timespec now;
  (void)clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static int start(void) {
  systole_planned_config_t config;
  systole_error_t error;
  char message[96];
  (void)systole_planned_config(&config, 500000); /* dead within half a second */
  config.mistakes_at_most_one_per_us = UINT64_C(86400) * 1000000;
  config.seed = now_us() << 16 | (uint64_t)getpid(); /* better from a random source */
  config.without_initial_delay = 1;
  if (systole_planned_monitor_init(&monitor, sizeof monitor, &config, now_us(), &error) !=
      SYSTOLE_STATUS_OK) {
    (void)systole_error_message(&error, message, sizeof message);
    (void)fprintf(stderr, "%s\n", message);
    return -1;
  }
  return 0;
}

/* A socket that sends to `host` and `port`, or a negative number. */
static int connected(const char *host, const char *port) {
  struct addrinfo hints, *found = NULL;
  int client = -1;
  memset(&hints, 0, sizeof hints);
  hints.ai_socktype = SOCK_DGRAM;
  if (getaddrinfo(host, port, &hints, &found) != 0) {
    return -1;
  }
  client = socket(found->ai_family, found->ai_socktype, found->ai_protocol);
  if (client >= 0 && connect(client, found->ai_addr, found->ai_addrlen) != 0) {
    (void)close(client);
    client = -1;
  }
  freeaddrinfo(found);
  return client;
}

/* A socket on the loopback address, and its port as text. */
static int served(char *port, size_t size) {
  struct sockaddr_in address;
  socklen_t length = sizeof address;
  int server = socket(AF_INET, SOCK_DGRAM, 0);
  memset(&address, 0, sizeof address);
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (server < 0 || bind(server, (struct sockaddr *)&address, length) != 0 ||
      getsockname(server, (struct sockaddr *)&address, &length) != 0) {
    return -1;
  }
  (void)snprintf(port, size, "%u", (unsigned)ntohs(address.sin_port));
  return server;
}

/* Sends back what waits in the socket, or drops it. */
static void serve(int server, bool replies) {
  unsigned char bytes[PROBE_SIZE];
  struct sockaddr_storage from;
  socklen_t length = sizeof from;
  ssize_t size;
  size = recvfrom(server, bytes, sizeof bytes, MSG_DONTWAIT, (struct sockaddr *)&from, &length);
  if (size > 0 && replies) {
    (void)sendto(server, bytes, (size_t)size, 0, (struct sockaddr *)&from, length);
  }
}

static void send_probe(int client, uint64_t probe) {
  unsigned char bytes[PROBE_SIZE];
  memcpy(bytes, &probe, sizeof bytes);
  if (send(client, bytes, sizeof bytes, 0) == (ssize_t)sizeof bytes) {
    return;
  }
  if (errno == ECONNREFUSED) { /* the reply to an earlier probe */
    (void)systole_planned_monitor_handle_failure(&monitor, probe, SYSTOLE_FAILURE_REFUSED,
                                                 now_us());
  } else {
    (void)systole_planned_monitor_handle_unsent(&monitor, probe, now_us());
  }
}

static void receive(int client) {
  unsigned char bytes[PROBE_SIZE];
  uint64_t probe;
  while (recv(client, bytes, sizeof bytes, MSG_DONTWAIT) == (ssize_t)sizeof bytes) {
    memcpy(&probe, bytes, sizeof probe);
    (void)systole_planned_monitor_handle_reply(&monitor, probe, now_us());
  }
}

static const char *name(systole_verdict_t verdict) {
  switch (verdict) {
  case SYSTOLE_VERDICT_ALIVE:
    return "alive";
  case SYSTOLE_VERDICT_SUSPECT:
    return "suspect";
  case SYSTOLE_VERDICT_DEAD:
    return "dead";
  default:
    return "unknown";
  }
}

/* Does all there is to do now. Returns how many milliseconds may be slept. */
static int drain(int client, systole_verdict_t *verdict) {
  systole_output_t output;
  for (;;) {
    uint64_t now = now_us();
    (void)systole_planned_monitor_poll(&monitor, now, &output);
    switch (output.action) {
    case SYSTOLE_ACTION_SEND:
      send_probe(client, output.probe);
      break;
    case SYSTOLE_ACTION_EVENT:
      if (output.event.kind == SYSTOLE_EVENT_TRANSITION) {
        *verdict = output.event.to;
        (void)printf("%s to %s\n", name(output.event.from), name(*verdict));
      }
      break;
    case SYSTOLE_ACTION_WAIT:
      return (int)((output.until_us - now) / 1000) + 1;
    default:
      return 1000;
    }
  }
}

int main(int count, char **arguments) {
  char port[8];
  bool is_own = count != 3;
  int server = is_own ? served(port, sizeof port) : -1;
  int client = is_own ? connected("127.0.0.1", port) : connected(arguments[1], arguments[2]);
  struct pollfd sockets[2] = {{client, POLLIN, 0}, {server, POLLIN, 0}};
  systole_verdict_t verdict = SYSTOLE_VERDICT_UNKNOWN;
  int replies = 0;
  if (client < 0 || start() != 0) {
    (void)fprintf(stderr, "udp_echo [HOST PORT]\n");
    return 1;
  }
  while (!is_own || verdict != SYSTOLE_VERDICT_DEAD) {
    (void)poll(sockets, is_own ? 2 : 1, drain(client, &verdict));
    if (sockets[1].revents != 0) {
      serve(server, replies++ < 10);
    }
    receive(client);
  }
  (void)close(client);
  (void)close(server);
  return 0;
}
