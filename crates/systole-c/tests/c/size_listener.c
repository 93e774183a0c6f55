/* Pushed heartbeats, both ends: beats, the wire format, events, deadlines. */
#include "opaque.h"
#include "systole.h"

static systole_listener_t listener;
static systole_sender_t sender;

static void start(void) {
  systole_listener_config_t listening;
  systole_sender_config_t sending;
  (void)systole_listener_config(&listening);
  listening.detect_within_us = opaque(5000000);
  (void)opaque(systole_listener_init(&listener, sizeof listener, &listening, 0, 0));
  (void)systole_sender_config(&sending, opaque(1000000), 7);
  (void)opaque(systole_sender_init(&sender, sizeof sender, &sending, 0, 0));
}

static void send(uint64_t now_us) {
  systole_sender_output_t output;
  uint8_t bytes[SYSTOLE_BEAT_SIZE];
  (void)systole_sender_poll(&sender, now_us, &output);
  if (output.action == SYSTOLE_ACTION_SEND) {
    (void)systole_beat_encode(&output.beat, &bytes);
    (void)opaque(bytes[15]);
  }
  (void)systole_sender_set_interval(&sender, opaque(2000000), now_us, 0);
  (void)systole_sender_goodbye(&sender, &output.beat);
  (void)opaque(output.beat.sequence);
}

static void listen(uint64_t now_us) {
  uint8_t bytes[SYSTOLE_BEAT_SIZE] = {(uint8_t)opaque(0)};
  systole_output_t output;
  systole_verdict_t verdict;
  systole_beat_t beat;
  systole_beat_outcome_t outcome = SYSTOLE_BEAT_UNKNOWN;
  uint32_t level;
  if (systole_beat_decode(bytes, sizeof bytes, &beat) == SYSTOLE_STATUS_OK) {
    (void)systole_listener_handle_beat(&listener, &beat, now_us, &outcome);
  }
  (void)systole_listener_resumed(&listener, now_us);
  (void)systole_listener_resync(&listener, now_us);
  (void)systole_listener_poll(&listener, now_us, &output);
  (void)systole_listener_verdict(&listener, &verdict);
  (void)systole_listener_level(&listener, now_us, &level);
  (void)opaque(verdict + level + outcome + output.until_us + output.event.number);
}

int main(void) {
  start();
  for (;;) {
    uint64_t now_us = opaque(0);
    send(now_us);
    listen(now_us);
  }
}
