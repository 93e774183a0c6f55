/* A lease: everything that a holder may call, the planner included. */
#include "opaque.h"
#include "systole.h"

static systole_lease_t lease;

static void answers(uint64_t now_us) {
  systole_grant_outcome_t granted = SYSTOLE_GRANT_UNKNOWN;
  systole_refusal_outcome_t refused = SYSTOLE_REFUSED_UNKNOWN;
  uint32_t renewal = (uint32_t)opaque(1);
  (void)systole_lease_handle_granted(&lease, renewal, opaque(10000000), opaque(7), now_us, &granted);
  (void)systole_lease_handle_refused(&lease, renewal, SYSTOLE_REFUSAL_EXPIRED, now_us, &refused);
  (void)systole_lease_handle_failed(&lease, renewal, now_us, 0);
  (void)systole_lease_release(&lease, now_us);
  (void)opaque(granted + refused);
}

int main(void) {
  systole_lease_config_t config;
  (void)systole_lease_config_renewed(&config, opaque(10000000));
  config.seed = opaque(7);
  if (systole_lease_init(&lease, sizeof lease, &config, 0, 0) != SYSTOLE_STATUS_OK) {
    return 1;
  }
  for (;;) {
    systole_lease_output_t output;
    uint64_t now_us = opaque(0);
    uint64_t stop_us;
    uint8_t is_held;
    (void)systole_lease_poll(&lease, now_us, &output);
    (void)opaque(output.request.renewal + output.until_us + output.event.number);
    answers(now_us);
    if (systole_lease_is_held(&lease, now_us, &is_held) == SYSTOLE_STATUS_OK) {
      (void)systole_lease_stop_at(&lease, &stop_us);
      (void)opaque(is_held + stop_us);
    }
  }
}
