/*
 * A lock with a time to live, held by a device: it acts only while the lease is held.
 *
 * The lock server is simulated, and nobody sleeps. It grants the lock for 10 s, answers after 20 ms,
 * and cannot be reached from 60 s to 75 s: the device stops before the server may give the lock to
 * somebody else, and goes on when it has the lock again.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "systole.h"

#define SECOND_US UINT64_C(1000000)
#define RTT_US UINT64_C(20000)

static systole_lease_t lease;

/* The answer of the server that is on its way. */
static struct {
  bool is_under_way;
  uint64_t at_us;
  uint32_t renewal;
} answer;

static bool is_reachable(uint64_t now_us) {
  return now_us < 60 * SECOND_US || now_us >= 75 * SECOND_US;
}

static int start(uint64_t now_us) {
  systole_lease_config_t config;
  systole_error_t error;
  char message[96];
  (void)systole_lease_config_renewed(&config, 10 * SECOND_US);
  config.stop_within_us = SECOND_US / 2; /* what the device needs to stop */
  config.seed = 0xd1ce;                  /* another one for each device */
  if (systole_lease_init(&lease, sizeof lease, &config, now_us, &error) != SYSTOLE_STATUS_OK) {
    (void)systole_error_message(&error, message, sizeof message);
    (void)fprintf(stderr, "%s\n", message);
    return 1;
  }
  return 0;
}

static void send_request(const systole_lease_request_t *request, uint64_t now_us) {
  if (is_reachable(now_us)) {
    answer.is_under_way = true;
    answer.at_us = now_us + RTT_US;
    answer.renewal = request->renewal;
  }
}

static void tell(const systole_lease_event_t *event) {
  uint64_t tenths = event->at_us / (SECOND_US / 10);
  (void)printf("%" PRIu64 ".%" PRIu64 " s: ", tenths / 10, tenths % 10);
  switch (event->kind) {
  case SYSTOLE_LEASE_EVENT_HELD:
    (void)printf("held, epoch %" PRIu64 "\n", event->epoch);
    break;
  case SYSTOLE_LEASE_EVENT_LATE:
    (void)printf("renewal late, %" PRIu64 " ms left\n", event->left_us / 1000);
    break;
  case SYSTOLE_LEASE_EVENT_FENCED:
    (void)printf("fenced: the device must not act\n");
    break;
  case SYSTOLE_LEASE_EVENT_REGAINED:
    (void)printf("regained, epoch %" PRIu64 "\n", event->epoch);
    break;
  default:
    (void)printf("lost\n");
  }
}

/* Does all there is to do now. Returns until when there is nothing to do. */
static uint64_t drain(uint64_t now_us) {
  systole_lease_output_t output;
  for (;;) {
    if (systole_lease_poll(&lease, now_us, &output) != SYSTOLE_STATUS_OK) {
      return SYSTOLE_NEVER;
    }
    switch (output.action) {
    case SYSTOLE_ACTION_SEND:
      send_request(&output.request, now_us);
      break;
    case SYSTOLE_ACTION_EVENT:
      tell(&output.event);
      break;
    case SYSTOLE_ACTION_WAIT:
      return output.until_us;
    default:
      return SYSTOLE_NEVER;
    }
  }
}

/* Acts on what the lock protects, if it is held at this moment. */
static bool act(uint64_t now_us) {
  uint8_t is_held = 0;
  return systole_lease_is_held(&lease, now_us, &is_held) == SYSTOLE_STATUS_OK && is_held == 1;
}

int main(void) {
  uint64_t now_us = 0;
  unsigned acts = 0;
  if (start(now_us) != 0) {
    return 1;
  }
  while (now_us < 120 * SECOND_US) {
    uint64_t until_us = drain(now_us);
    acts += act(now_us) ? 1 : 0;
    now_us = answer.is_under_way && answer.at_us < until_us ? answer.at_us : until_us;
    if (answer.is_under_way && answer.at_us == now_us) {
      answer.is_under_way = false;
      (void)systole_lease_handle_granted(&lease, answer.renewal, 10 * SECOND_US, 7, now_us, NULL);
    }
  }
  (void)printf("acted %u times in 120 s\n", acts);
  return 0;
}
