/*
 * A bare loop: one probe after the other, without a clock.
 *
 * A microcontroller sends the probe over its radio, waits for the reply as long as the heartbeat
 * says, and sleeps for the interval that it returns. Here a simulated radio answers 40 probes and
 * falls silent, and nobody sleeps.
 */
#include <inttypes.h>
#include <stdio.h>

#include "systole.h"

#define SECOND_US UINT64_C(1000000)

static uint64_t passed_us; /* the time that a device would have slept */
static unsigned sent;

/* Sends a probe and waits for its reply. Returns the round-trip time, or UINT64_MAX for none. */
static uint64_t probe(uint64_t timeout_us) {
  uint64_t rtt_us = 40000 + 500 * (sent % 7);
  sent++;
  return sent <= 40 && rtt_us < timeout_us ? rtt_us : UINT64_MAX;
}

static void sleep_for(uint64_t span_us) {
  passed_us += span_us;
}

static int start(systole_heartbeat_t *heart) {
  systole_config_t config;
  systole_error_t error;
  char message[96];
  (void)systole_config_every(&config, 5 * SECOND_US);
  config.seed = 0xd1ce; /* another one for each device */
  if (systole_heartbeat_init(heart, sizeof *heart, &config, &error) != SYSTOLE_STATUS_OK) {
    (void)systole_error_message(&error, message, sizeof message);
    (void)fprintf(stderr, "%s\n", message);
    return 1;
  }
  return 0;
}

int main(void) {
  static systole_heartbeat_t heart;
  systole_verdict_t verdict = SYSTOLE_VERDICT_UNKNOWN;
  uint64_t timeout_us, interval_us;
  if (start(&heart) != 0) {
    return 1;
  }
  while (verdict != SYSTOLE_VERDICT_DEAD) {
    uint64_t rtt_us;
    (void)systole_heartbeat_timeout(&heart, &timeout_us);
    rtt_us = probe(timeout_us);
    if (rtt_us != UINT64_MAX) {
      (void)systole_heartbeat_next_interval(&heart, rtt_us, &interval_us);
    } else {
      (void)systole_heartbeat_missed(&heart, &interval_us);
    }
    (void)systole_heartbeat_verdict(&heart, &verdict);
    sleep_for(interval_us); /* from send to send: less the time that the probe took */
  }
  (void)printf("dead after %u probes and %" PRIu64 " s\n", sent, passed_us / SECOND_US);
  return 0;
}
