/*
 * A monitor on a microcontroller, with a simulated radio and clock: an image for QEMU.
 *
 * A device takes its clock from a timer (systole_clock_t extends 32 bits of ticks), sends what the
 * monitor asks for, hands in what arrives, and sleeps until the moment that `poll` returns.
 */
#include <stddef.h>

#include "semihosting.h"
#include "systole.h"

#define SECOND_US UINT64_C(1000000)

static systole_monitor_t monitor;
static systole_clock_t timer;

static struct {
  uint64_t probe;
  uint64_t at_us; /* when the reply arrives; SYSTOLE_NEVER where none is under way */
} radio = {0, SYSTOLE_NEVER};

/* Answers after 30 ms, for a minute. */
static void send(uint64_t probe, uint64_t now_us) {
  if (now_us < 60 * SECOND_US) {
    radio.probe = probe;
    radio.at_us = now_us + 30000;
  }
}

static void tell(const systole_event_t *event) {
  static const char *const NAMES[] = {"unknown", "alive", "suspect", "dead", "left"};
  if (event->kind == SYSTOLE_EVENT_TRANSITION && event->to <= SYSTOLE_VERDICT_LEFT) {
    print_number((uint32_t)(event->at_us / SECOND_US));
    print(" s: ");
    print(NAMES[event->to]);
    print("\n");
  }
}

/* Does all there is to do at `now_us`. Returns until when there is nothing more. */
static uint64_t drain(uint64_t now_us) {
  systole_output_t output;
  for (;;) {
    if (systole_monitor_poll(&monitor, now_us, &output) != SYSTOLE_STATUS_OK) {
      return SYSTOLE_NEVER;
    }
    switch (output.action) {
    case SYSTOLE_ACTION_SEND:
      send(output.probe, now_us);
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

static systole_status_t start(void) {
  systole_config_t config;
  systole_status_t status = systole_clock_init(&timer, sizeof timer, 1, 0, NULL);
  if (status != SYSTOLE_STATUS_OK) {
    return status;
  }
  (void)systole_config_every(&config, 5 * SECOND_US);
  config.detect_within_us = 8 * SECOND_US;
  config.seed = 0xd1ce; /* a serial number, or better a random one */
  return systole_monitor_init(&monitor, sizeof monitor, &config, 0, NULL);
}

int main(void) {
  systole_verdict_t verdict = SYSTOLE_VERDICT_UNKNOWN;
  uint64_t now_us = 0;
  if (start() != SYSTOLE_STATUS_OK) {
    print("refused\n");
    leave();
  }
  while (verdict != SYSTOLE_VERDICT_DEAD) {
    uint64_t until_us = drain(now_us);
    if (radio.at_us <= until_us) {
      until_us = radio.at_us;
      radio.at_us = SYSTOLE_NEVER;
      (void)systole_monitor_handle_reply(&monitor, radio.probe, until_us);
    }
    (void)systole_clock_extend(&timer, (uint32_t)until_us, &now_us); /* the timer after the sleep */
    (void)systole_monitor_verdict(&monitor, &verdict);
  }
  (void)drain(now_us);
  leave();
  return 0;
}
