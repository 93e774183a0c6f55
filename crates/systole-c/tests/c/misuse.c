/* What C can get wrong is answered with an error code. */
#include <stddef.h>
#include <string.h>

#include "check.h"
#include "systole.h"

static systole_config_t good(void) {
  systole_config_t config;
  OK(systole_config_every(&config, 1000000));
  config.seed = 7;
  return config;
}

static void null_is_refused(void) {
  static systole_monitor_t monitor;
  static systole_heartbeat_t heart;
  systole_config_t config = good();
  systole_error_t error;
  systole_output_t output;
  uint64_t span;
  CHECK(systole_config_every(NULL, 1) == SYSTOLE_STATUS_NULL);
  CHECK(systole_config_check(NULL, &error) == SYSTOLE_STATUS_NULL);
  CHECK(error.status == SYSTOLE_STATUS_NULL);
  CHECK(systole_monitor_init(NULL, sizeof monitor, &config, 0, &error) == SYSTOLE_STATUS_NULL);
  CHECK(systole_monitor_init(&monitor, sizeof monitor, NULL, 0, NULL) == SYSTOLE_STATUS_NULL);
  CHECK(systole_monitor_poll(NULL, 0, &output) == SYSTOLE_STATUS_NULL);
  CHECK(systole_monitor_handle_reply(NULL, 1, 0) == SYSTOLE_STATUS_NULL);
  OK(systole_monitor_init(&monitor, sizeof monitor, &config, 0, NULL));
  CHECK(systole_monitor_poll(&monitor, 0, NULL) == SYSTOLE_STATUS_NULL);
  OK(systole_heartbeat_init(&heart, sizeof heart, &config, NULL));
  CHECK(systole_heartbeat_missed(&heart, NULL) == SYSTOLE_STATUS_NULL);
  CHECK(systole_heartbeat_missed(NULL, &span) == SYSTOLE_STATUS_NULL);
  CHECK(systole_beat_decode(NULL, 16, NULL) == SYSTOLE_STATUS_NULL);
  CHECK(systole_listener_handle_beat(NULL, NULL, 0, NULL) == SYSTOLE_STATUS_NULL);
  CHECK(systole_error_message(NULL, NULL, 0) == 0);
}

/* A call that is refused changes nothing. */
static void a_refused_call_changes_nothing(void) {
  static systole_heartbeat_t heart;
  systole_config_t config = good();
  systole_snapshot_t snapshot;
  uint64_t span;
  OK(systole_heartbeat_init(&heart, sizeof heart, &config, NULL));
  OK(systole_heartbeat_next_interval(&heart, 40000, &span));
  CHECK(systole_heartbeat_missed(&heart, NULL) == SYSTOLE_STATUS_NULL);
  CHECK(systole_heartbeat_failed(&heart, (systole_failure_t)99, 0, &span) == SYSTOLE_STATUS_ENUM);
  config.rise = 0;
  CHECK(systole_heartbeat_init(&heart, sizeof heart, &config, NULL) == SYSTOLE_STATUS_RANGE);
  OK(systole_heartbeat_snapshot(&heart, &snapshot));
  CHECK(snapshot.verdict == SYSTOLE_VERDICT_ALIVE && snapshot.samples == 1);
}

static void a_wrong_size_is_refused(void) {
  static systole_monitor_t monitor;
  static systole_listener_t listener;
  systole_config_t config = good();
  systole_listener_config_t listening;
  systole_error_t error;
  CHECK(systole_monitor_init(&monitor, sizeof monitor - 8, &config, 0, &error) ==
        SYSTOLE_STATUS_SIZE);
  CHECK(error.setting == SYSTOLE_SETTING_SIZE && error.value == sizeof monitor - 8);
  CHECK(error.min == sizeof monitor && error.max == sizeof monitor);
  memset(&config, 0, sizeof config);
  CHECK(systole_monitor_init(&monitor, sizeof monitor, &config, 0, &error) == SYSTOLE_STATUS_SIZE);
  CHECK(error.value == 0 && error.min == sizeof config);
  OK(systole_listener_config(&listening));
  listening.size++;
  CHECK(systole_listener_init(&listener, sizeof listener, &listening, 0, NULL) ==
        SYSTOLE_STATUS_SIZE);
}

static void storage_that_was_never_initialised_is_refused(void) {
  static const unsigned char FILLINGS[] = {0x00, 0xff, 0xa5, 0x5a, 0xcd};
  size_t filling;
  systole_monitor_t monitor;
  systole_heartbeat_t heart;
  systole_listener_t listener;
  systole_sender_t sender;
  systole_clock_t clock;
  systole_output_t output;
  systole_verdict_t verdict;
  systole_beat_t beat;
  uint64_t span;
  for (filling = 0; filling < sizeof FILLINGS; filling++) {
    memset(&monitor, FILLINGS[filling], sizeof monitor);
    memset(&heart, FILLINGS[filling], sizeof heart);
    memset(&listener, FILLINGS[filling], sizeof listener);
    memset(&sender, FILLINGS[filling], sizeof sender);
    memset(&clock, FILLINGS[filling], sizeof clock);
    CHECK(systole_monitor_poll(&monitor, 0, &output) == SYSTOLE_STATUS_NOT_INITIALIZED);
    CHECK(systole_monitor_verdict(&monitor, &verdict) == SYSTOLE_STATUS_NOT_INITIALIZED);
    CHECK(systole_monitor_resumed(&monitor, 0) == SYSTOLE_STATUS_NOT_INITIALIZED);
    CHECK(systole_heartbeat_missed(&heart, &span) == SYSTOLE_STATUS_NOT_INITIALIZED);
    CHECK(systole_listener_poll(&listener, 0, &output) == SYSTOLE_STATUS_NOT_INITIALIZED);
    CHECK(systole_sender_goodbye(&sender, &beat) == SYSTOLE_STATUS_NOT_INITIALIZED);
    CHECK(systole_clock_extend(&clock, 0, &span) == SYSTOLE_STATUS_NOT_INITIALIZED);
  }
}

/* A configuration that was refused leaves no machine behind. */
static void storage_whose_initialisation_failed_is_refused(void) {
  static systole_monitor_t monitor;
  systole_config_t config = good();
  systole_error_t error;
  systole_output_t output;
  config.seed = 0;
  CHECK(systole_monitor_init(&monitor, sizeof monitor, &config, 0, &error) ==
        SYSTOLE_STATUS_RANGE);
  CHECK(error.setting == SYSTOLE_SETTING_SEED);
  CHECK(systole_monitor_poll(&monitor, 0, &output) == SYSTOLE_STATUS_NOT_INITIALIZED);
}

static void a_copy_is_refused(void) {
  static systole_monitor_t monitors[2];
  systole_config_t config = good();
  systole_output_t output;
  OK(systole_monitor_init(&monitors[0], sizeof monitors[0], &config, 0, NULL));
  OK(systole_monitor_poll(&monitors[0], 0, &output));
  memcpy(&monitors[1], &monitors[0], sizeof monitors[1]);
  CHECK(systole_monitor_poll(&monitors[1], 0, &output) == SYSTOLE_STATUS_NOT_INITIALIZED);
  monitors[1] = monitors[0];
  CHECK(systole_monitor_probe_now(&monitors[1], 0) == SYSTOLE_STATUS_NOT_INITIALIZED);
  OK(systole_monitor_poll(&monitors[0], 0, &output)); /* the original goes on */
  OK(systole_monitor_init(&monitors[1], sizeof monitors[1], &config, 0, NULL));
  OK(systole_monitor_poll(&monitors[1], 0, &output));
}

static void another_machine_is_refused(void) {
  static union {
    systole_monitor_t monitor;
    systole_planned_monitor_t planned;
    systole_heartbeat_t heart;
    systole_listener_t listener;
  } storage;
  systole_config_t config = good();
  systole_output_t output;
  uint64_t span;
  OK(systole_monitor_init(&storage.monitor, sizeof storage.monitor, &config, 0, NULL));
  CHECK(systole_planned_monitor_poll(&storage.planned, 0, &output) ==
        SYSTOLE_STATUS_NOT_INITIALIZED);
  CHECK(systole_heartbeat_missed(&storage.heart, &span) == SYSTOLE_STATUS_NOT_INITIALIZED);
  CHECK(systole_listener_poll(&storage.listener, 0, &output) == SYSTOLE_STATUS_NOT_INITIALIZED);
}

static void a_number_that_is_no_enumerator_is_refused(void) {
  static const uint32_t WRONG[] = {0, 7, 1000, UINT32_MAX};
  static systole_monitor_t monitor;
  static systole_heartbeat_t heart;
  systole_config_t config = good();
  systole_error_t error;
  uint64_t span;
  size_t wrong;
  OK(systole_monitor_init(&monitor, sizeof monitor, &config, 0, NULL));
  OK(systole_heartbeat_init(&heart, sizeof heart, &config, NULL));
  for (wrong = 0; wrong < sizeof WRONG / sizeof *WRONG; wrong++) {
    CHECK(systole_monitor_handle_failure(&monitor, 1, (systole_failure_t)WRONG[wrong], 0) ==
          SYSTOLE_STATUS_ENUM);
    CHECK(systole_heartbeat_failed(&heart, (systole_failure_t)WRONG[wrong], 0, &span) ==
          SYSTOLE_STATUS_ENUM);
    config = good();
    config.policy = (systole_policy_t)WRONG[wrong];
    CHECK(systole_config_check(&config, &error) == SYSTOLE_STATUS_ENUM);
    CHECK(error.setting == SYSTOLE_SETTING_POLICY && error.value == WRONG[wrong]);
    config = good();
    config.retry_spacing = (systole_spacing_t)WRONG[wrong];
    CHECK(systole_config_check(&config, &error) == SYSTOLE_STATUS_ENUM);
    CHECK(error.setting == SYSTOLE_SETTING_RETRY_SPACING && error.max == 3);
  }
}

static void a_setting_out_of_range_is_named(void) {
  static systole_clock_t clock;
  systole_config_t config = good();
  systole_planned_config_t planned;
  systole_error_t error;
  char text[128];
  char tiny[9];
  size_t length;
  config.detect_within_us = 1000000;
  CHECK(systole_config_check(&config, &error) == SYSTOLE_STATUS_RANGE);
  CHECK(error.setting == SYSTOLE_SETTING_DETECT_WITHIN && error.min == 1600000);
  length = systole_error_message(&error, text, sizeof text);
  CHECK(strcmp(text, "detect_within_us of 1000000 is out of range: 1600000 to 1099511627776") == 0);
  CHECK(length == strlen(text));
  CHECK(systole_error_message(&error, NULL, 0) == length);
  memset(tiny, 'x', sizeof tiny);
  CHECK(systole_error_message(&error, tiny, 8) == length);
  CHECK(strcmp(tiny, "detect_") == 0 && tiny[8] == 'x');
  CHECK(systole_error_message(&error, tiny, 1) == length && tiny[0] == '\0');
  OK(systole_planned_config(&planned, 0));
  planned.probes_at_most = 500;
  CHECK(systole_planned_config_check(&planned, &error) == SYSTOLE_STATUS_RANGE);
  CHECK(error.setting == SYSTOLE_SETTING_DETECT_WITHIN && error.value == 0);
  CHECK(systole_clock_init(&clock, sizeof clock, 0, 0, &error) == SYSTOLE_STATUS_RANGE);
  CHECK(error.setting == SYSTOLE_SETTING_TICK);
}

/* Where a lease cannot be asked, nobody is told that it is held. */
static void a_misused_lease_is_not_held(void) {
  static systole_lease_t leases[2];
  systole_lease_config_t config;
  systole_error_t error;
  systole_lease_output_t output;
  uint32_t sent;
  uint8_t is_held = 0;
  memset(&config, 0, sizeof config);
  CHECK(systole_lease_init(&leases[0], sizeof leases[0], &config, 0, &error) ==
        SYSTOLE_STATUS_SIZE);
  OK(systole_lease_config_renewed(&config, 10000000));
  CHECK(systole_lease_init(NULL, sizeof leases[0], &config, 0, NULL) == SYSTOLE_STATUS_NULL);
  CHECK(systole_lease_init(&leases[0], 8, &config, 0, &error) == SYSTOLE_STATUS_SIZE);
  CHECK(systole_lease_init(&leases[0], sizeof leases[0], NULL, 0, NULL) == SYSTOLE_STATUS_NULL);
  CHECK(systole_lease_is_held(&leases[0], 0, &is_held) == SYSTOLE_STATUS_NOT_INITIALIZED);
  OK(systole_lease_init(&leases[0], sizeof leases[0], &config, 0, NULL));
  CHECK(systole_lease_poll(&leases[0], 0, NULL) == SYSTOLE_STATUS_NULL);
  OK(systole_lease_poll(&leases[0], 0, &output));
  CHECK(output.action == SYSTOLE_ACTION_SEND);
  OK(systole_lease_handle_granted(&leases[0], output.request.renewal, 10000000, 1, 9, NULL));
  leases[1] = leases[0];
  CHECK(systole_lease_is_held(&leases[1], 10, &is_held) == SYSTOLE_STATUS_NOT_INITIALIZED);
  CHECK(systole_lease_is_held(NULL, 10, &is_held) == SYSTOLE_STATUS_NULL);
  CHECK(systole_lease_is_held(&leases[0], 10, NULL) == SYSTOLE_STATUS_NULL);
  CHECK(systole_lease_handle_sent(&leases[0], 10, NULL) == SYSTOLE_STATUS_NULL);
  CHECK(systole_lease_handle_sent(&leases[1], 10, &sent) == SYSTOLE_STATUS_NOT_INITIALIZED);
  CHECK(is_held == 0);
  CHECK(systole_lease_handle_refused(&leases[0], 1, (systole_refusal_t)0, 10, NULL) ==
        SYSTOLE_STATUS_ENUM);
  CHECK(systole_lease_handle_ended(&leases[0], (systole_refusal_t)5, 10, NULL) ==
        SYSTOLE_STATUS_ENUM);
  config.ttl_us = 1;
  CHECK(systole_lease_reconfigure(&leases[0], &config, 10, &error) == SYSTOLE_STATUS_RANGE);
  CHECK(error.setting == SYSTOLE_SETTING_TTL && error.min == 2004);
  OK(systole_lease_is_held(&leases[0], 10, &is_held));
  CHECK(is_held == 1); /* what was refused has changed nothing */
}

static void bytes_that_are_no_heartbeat_are_refused(void) {
  uint8_t bytes[SYSTOLE_BEAT_TAGGED_SIZE] = {0};
  const uint8_t tag[16] = {0};
  systole_beat_t beat;
  size_t length;
  for (length = 0; length <= sizeof bytes; length++) {
    CHECK(systole_beat_decode(bytes, length, &beat) == SYSTOLE_STATUS_BEAT);
    CHECK(systole_beat_open(bytes, length, tag, &beat) == SYSTOLE_STATUS_BEAT);
  }
}

int main(void) {
  null_is_refused();
  a_refused_call_changes_nothing();
  a_wrong_size_is_refused();
  storage_that_was_never_initialised_is_refused();
  storage_whose_initialisation_failed_is_refused();
  a_copy_is_refused();
  another_machine_is_refused();
  a_number_that_is_no_enumerator_is_refused();
  a_setting_out_of_range_is_named();
  a_misused_lease_is_not_held();
  bytes_that_are_no_heartbeat_are_refused();
  return 0;
}
