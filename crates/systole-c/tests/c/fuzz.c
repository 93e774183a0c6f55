/*
 * Any bytes are settings and what happens to the machines: what the fuzz targets in Rust do, through
 * the functions of C. libFuzzer calls LLVMFuzzerTestOneInput.
 *
 * After OPERATIONS operations, if that variable is set, the program ends with success.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "systole.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct {
  const uint8_t *data;
  size_t left;
} input_t;

static uint8_t byte(input_t *input) {
  if (input->left == 0) {
    return 0;
  }
  input->left--;
  return *input->data++;
}

static uint64_t number(input_t *input) {
  uint64_t value = 0;
  int at;
  for (at = 0; at < 8; at++) {
    value = value << 8 | byte(input);
  }
  return value;
}

/* A span of any order of magnitude. */
static uint64_t span(input_t *input) {
  unsigned shift = byte(input) & 63;
  return number(input) >> shift;
}

static void count(void) {
  static uint64_t done, most;
  if (most == 0) {
    const char *operations = getenv("OPERATIONS");
    most = operations != NULL ? strtoull(operations, NULL, 10) : UINT64_MAX;
  }
  if (++done >= most) {
    (void)printf("%llu operations\n", (unsigned long long)done);
    (void)fflush(stdout);
    _Exit(0); /* libFuzzer takes any other exit for a finding */
  }
}

/* ---- settings ---- */

static void draw_config(input_t *input, systole_config_t *config) {
  uint8_t which = byte(input);
  OK(systole_config_every(config, span(input)));
  config->seed = number(input);
  if ((which & 1) != 0) {
    config->policy = byte(input) & 3;
    config->retry_spacing = byte(input) & 3;
    config->retries = byte(input) & 31;
  }
  if ((which & 2) != 0) {
    config->detect_within_us = span(input);
  }
  if ((which & 4) != 0) {
    config->timeout_first_us = span(input);
    config->timeout_min_us = span(input);
    config->timeout_max_us = span(input);
  }
  if ((which & 8) != 0) {
    config->interval_min_us = span(input);
    config->interval_max_us = span(input);
  }
  if ((which & 16) != 0) {
    config->gain_percent = (uint16_t)number(input);
    config->jitter_percent = byte(input);
    config->rise = byte(input);
    config->dead_after_refusals = byte(input);
    config->without_initial_delay = byte(input);
    config->report_pauses_over_us = span(input);
  }
}

static void draw_planned(input_t *input, systole_planned_config_t *config) {
  uint8_t which = byte(input);
  OK(systole_planned_config(config, span(input)));
  config->seed = number(input);
  if ((which & 1) != 0) {
    config->mistakes_at_most_one_per_us = span(input);
    config->probes_at_most = (uint32_t)span(input);
  }
  if ((which & 2) != 0) {
    config->jitter_percent = byte(input);
    config->rise = byte(input);
    config->dead_after_refusals = byte(input);
    config->without_initial_delay = byte(input);
    config->report_pauses_over_us = span(input);
  }
}

/* A refusal says what is wrong, and a message has the length that was asked for. */
static void check_error(systole_status_t status, const systole_error_t *error) {
  char text[160];
  CHECK(status == error->status);
  CHECK(status == SYSTOLE_STATUS_RANGE || status == SYSTOLE_STATUS_ENUM);
  CHECK(error->setting != SYSTOLE_SETTING_UNKNOWN);
  CHECK(error->value < error->min || error->value > error->max);
  CHECK(systole_error_message(error, text, sizeof text) == strlen(text));
}

/* ---- a heartbeat ---- */

static void run_heartbeat(input_t *input) {
  static systole_heartbeat_t heart;
  systole_config_t config;
  systole_error_t error;
  systole_snapshot_t snapshot;
  systole_status_t status;
  uint64_t interval_us = 1, timeout_us;
  draw_config(input, &config);
  status = systole_heartbeat_init(&heart, sizeof heart, &config, &error);
  if (status != SYSTOLE_STATUS_OK) {
    check_error(status, &error);
    return;
  }
  while (input->left > 0) {
    count();
    switch (byte(input) % 6) {
    case 0:
    case 1:
      OK(systole_heartbeat_next_interval(&heart, span(input), &interval_us));
      break;
    case 2:
      OK(systole_heartbeat_missed(&heart, &interval_us));
      break;
    case 3:
      status = systole_heartbeat_failed(&heart, byte(input) & 7, span(input), &interval_us);
      CHECK(status == SYSTOLE_STATUS_OK || status == SYSTOLE_STATUS_ENUM);
      break;
    case 4:
      OK(systole_heartbeat_unsent(&heart, span(input), &interval_us));
      break;
    default:
      OK(systole_heartbeat_late(&heart, span(input)));
    }
    OK(systole_heartbeat_timeout(&heart, &timeout_us));
    OK(systole_heartbeat_snapshot(&heart, &snapshot));
    CHECK(interval_us > 0 && timeout_us > 0);
    CHECK(snapshot.loss >= 0 && snapshot.loss <= 1 && snapshot.fluctuation >= 0);
    CHECK(snapshot.bound_us >= config.detect_within_us);
  }
}

/* ---- monitors ---- */

static union {
  systole_monitor_t plain;
  systole_planned_monitor_t planned;
} storage;

static int is_planned;
static uint64_t now_us, until_us, last;
static int is_over; /* whether the machine was told the last moment of all: it may idle since */

/* A moment, of any order of magnitude. */
static uint64_t moment(input_t *input) {
  uint64_t at_us = span(input);
  is_over = is_over || at_us == SYSTOLE_NEVER;
  return at_us;
}

/* The function of the machine in the storage. */
#define DO(function, ...)                                                                \
  (is_planned ? systole_planned_monitor_##function(&storage.planned, __VA_ARGS__)        \
              : systole_monitor_##function(&storage.plain, __VA_ARGS__))

static systole_status_t start(input_t *input, systole_error_t *error) {
  systole_config_t config;
  systole_planned_config_t planned;
  is_planned = byte(input) & 1;
  is_over = 0;
  now_us = moment(input);
  until_us = now_us;
  last = 0;
  if (is_planned) {
    draw_planned(input, &planned);
    return systole_planned_monitor_init(&storage.planned, sizeof storage.planned, &planned, now_us,
                                        error);
  }
  draw_config(input, &config);
  return systole_monitor_init(&storage.plain, sizeof storage.plain, &config, now_us, error);
}

static void reconfigure(input_t *input) {
  systole_config_t config;
  systole_planned_config_t planned;
  systole_error_t error;
  systole_status_t status;
  if (is_planned) {
    draw_planned(input, &planned);
    status = systole_planned_monitor_reconfigure(&storage.planned, &planned, now_us, &error);
  } else {
    draw_config(input, &config);
    status = systole_monitor_reconfigure(&storage.plain, &config, now_us, &error);
  }
  if (status != SYSTOLE_STATUS_OK) {
    check_error(status, &error);
  }
}

/* Law 2: a drain ends, and its deadline lies in the future. */
static void drain(void) {
  systole_output_t output;
  int polls = 0;
  do {
    OK(DO(poll, now_us, &output));
    CHECK(++polls <= SYSTOLE_MAX_DRAIN);
    if (output.action == SYSTOLE_ACTION_SEND) {
      last = output.probe;
    }
    /* Law 6: a peer is called dead on some evidence. */
    CHECK(output.action != SYSTOLE_ACTION_EVENT || output.event.to != SYSTOLE_VERDICT_DEAD ||
          output.event.level_milli > 0);
  } while (output.action == SYSTOLE_ACTION_SEND || output.action == SYSTOLE_ACTION_EVENT);
  CHECK(output.action == SYSTOLE_ACTION_WAIT || is_over);
  if (output.action == SYSTOLE_ACTION_WAIT) {
    CHECK(output.until_us > now_us);
    until_us = output.until_us;
  }
}

static uint64_t later(uint64_t span_us) {
  uint64_t at_us = now_us > UINT64_MAX - span_us ? UINT64_MAX : now_us + span_us;
  is_over = is_over || at_us == SYSTOLE_NEVER;
  return at_us;
}

static void happen(input_t *input) {
  systole_status_t status;
  switch (byte(input) % 18) {
  case 0:
  case 1:
  case 2:
    now_us = until_us > now_us ? until_us : now_us;
    is_over = is_over || now_us == SYSTOLE_NEVER;
    drain();
    break;
  case 3:
    now_us = later(span(input));
    drain();
    break;
  case 4:
  case 5:
    OK(DO(handle_reply, last, now_us));
    break;
  case 6:
    OK(DO(handle_reply, number(input), now_us));
    break;
  case 7:
    OK(DO(handle_reply_with, last, moment(input), span(input)));
    break;
  case 8:
    OK(DO(handle_reply_any, now_us));
    break;
  case 9:
    OK(DO(handle_traffic, moment(input)));
    break;
  case 10:
    status = DO(handle_failure, last, byte(input) & 7, now_us);
    CHECK(status == SYSTOLE_STATUS_OK || status == SYSTOLE_STATUS_ENUM);
    break;
  case 11:
    OK(DO(handle_unsent, last, now_us));
    break;
  case 12:
    OK(DO(handle_skipped, last, now_us));
    break;
  case 13:
    OK(DO(handle_pushback, now_us, span(input)));
    break;
  case 14:
    OK(DO(probe_now, now_us));
    break;
  case 15:
    OK((byte(input) & 1) != 0 ? DO(restarted, now_us) : DO(resumed, now_us));
    break;
  case 16:
    OK(DO(resync, moment(input)));
    break;
  default:
    reconfigure(input);
  }
}

static void run_monitor(input_t *input) {
  systole_error_t error;
  systole_monitor_snapshot_t snapshot;
  systole_status_t status = start(input, &error);
  if (status != SYSTOLE_STATUS_OK) {
    check_error(status, &error);
    return;
  }
  while (input->left > 0) {
    count();
    happen(input);
    OK(DO(snapshot, now_us, &snapshot));
    CHECK(snapshot.path.loss >= 0 && snapshot.path.loss <= 1);
  }
}

/* ---- pushed heartbeats ---- */

static void draw_beat(input_t *input, systole_beat_t *beat) {
  uint8_t bytes[SYSTOLE_BEAT_SIZE];
  size_t at;
  if ((byte(input) & 1) != 0) {
    for (at = 0; at < sizeof bytes; at++) {
      bytes[at] = byte(input);
    }
    if (systole_beat_decode(bytes, sizeof bytes, beat) == SYSTOLE_STATUS_OK) {
      uint8_t again[SYSTOLE_BEAT_SIZE];
      OK(systole_beat_encode(beat, &again));
      CHECK(memcmp(bytes, again, sizeof bytes) == 0);
      return;
    }
  }
  memset(beat, 0, sizeof *beat);
  beat->interval_us = span(input);
  beat->deadline_us = span(input);
  beat->sequence = (uint32_t)span(input);
  beat->incarnation = byte(input) & 3;
  beat->goodbye = byte(input) == 0;
  beat->authentic = byte(input) & 1;
}

static void draw_listener(input_t *input, systole_listener_config_t *config) {
  uint8_t which = byte(input);
  OK(systole_listener_config(config));
  config->authenticated = which & 1;
  if ((which & 2) != 0) {
    config->detect_within_us = span(input);
    config->first_within_us = span(input);
  }
  if ((which & 4) != 0) {
    config->interval_min_us = span(input);
    config->interval_max_us = span(input);
    config->losses = byte(input);
    config->rise = byte(input);
  }
}

static void listen(systole_listener_t *listener) {
  systole_listener_snapshot_t snapshot;
  systole_output_t output;
  int polls = 0;
  do {
    OK(systole_listener_poll(listener, now_us, &output));
    CHECK(++polls <= SYSTOLE_MAX_DRAIN);
    CHECK(output.action != SYSTOLE_ACTION_SEND);
  } while (output.action == SYSTOLE_ACTION_EVENT);
  CHECK(output.action == SYSTOLE_ACTION_IDLE || output.until_us > now_us);
  OK(systole_listener_snapshot(listener, now_us, &snapshot));
  CHECK(snapshot.phi >= 0 && snapshot.loss >= 0 && snapshot.loss <= 1);
}

static void run_listener(input_t *input) {
  static systole_listener_t listener;
  systole_listener_config_t config;
  systole_error_t error;
  systole_status_t status;
  systole_beat_t beat;
  systole_beat_outcome_t outcome = SYSTOLE_BEAT_UNKNOWN;
  draw_listener(input, &config);
  now_us = span(input);
  status = systole_listener_init(&listener, sizeof listener, &config, now_us, &error);
  if (status != SYSTOLE_STATUS_OK) {
    check_error(status, &error);
    return;
  }
  while (input->left > 0) {
    count();
    now_us = later(span(input));
    switch (byte(input) % 6) {
    case 0:
      OK(systole_listener_resumed(&listener, now_us));
      break;
    case 1:
      now_us = span(input);
      OK(systole_listener_resync(&listener, now_us));
      break;
    default:
      draw_beat(input, &beat);
      OK(systole_listener_handle_beat(&listener, &beat, now_us, &outcome));
      CHECK(outcome != SYSTOLE_BEAT_UNKNOWN);
    }
    listen(&listener);
  }
}

static void run_sender(input_t *input) {
  static systole_sender_t sender;
  systole_sender_config_t config;
  systole_sender_output_t output;
  systole_error_t error;
  systole_status_t status;
  now_us = span(input);
  OK(systole_sender_config(&config, span(input), byte(input)));
  config.losses = byte(input);
  config.spread_seed = number(input);
  status = systole_sender_init(&sender, sizeof sender, &config, now_us, &error);
  if (status != SYSTOLE_STATUS_OK) {
    check_error(status, &error);
    return;
  }
  while (input->left > 0) {
    count();
    now_us = later(span(input));
    OK(systole_sender_poll(&sender, now_us, &output));
    CHECK(output.action != SYSTOLE_ACTION_WAIT || output.until_us > now_us);
    OK(systole_sender_set_load(&sender, (int32_t)byte(input) - 1));
    (void)systole_sender_set_interval(&sender, span(input), now_us, NULL);
  }
}

/* ---- leases ---- */

static systole_lease_t lease;
static systole_lease_request_t request; /* the last one */
static uint64_t believed_us;            /* until when the lease may be believed at most */

static void draw_lease(input_t *input, systole_lease_config_t *config) {
  uint8_t which = byte(input);
  switch (which & 3) {
  case 0:
    OK(systole_lease_config_renewed_in_seconds(config, span(input)));
    break;
  case 1:
    OK(systole_lease_config_keep_alive(config, span(input)));
    break;
  case 2:
    OK(systole_lease_config_session(config, span(input), span(input)));
    break;
  default:
    OK(systole_lease_config_renewed(config, span(input)));
  }
  if ((which & 4) != 0) {
    config->drift_ppm = (uint32_t)span(input);
    config->resolution_us = span(input);
    config->stop_within_us = span(input);
  }
  if ((which & 8) != 0) {
    config->lapses_at_most_one_per_us = span(input);
    config->jitter_percent = byte(input);
    config->seed = number(input);
  }
}

static void drain_lease(void) {
  systole_lease_output_t output;
  int polls = 0;
  do {
    OK(systole_lease_poll(&lease, now_us, &output));
    CHECK(++polls <= SYSTOLE_MAX_DRAIN);
    if (output.action == SYSTOLE_ACTION_SEND) {
      request = output.request;
    }
    CHECK(output.action != SYSTOLE_ACTION_EVENT ||
          output.event.kind != SYSTOLE_LEASE_EVENT_UNKNOWN);
  } while (output.action == SYSTOLE_ACTION_SEND || output.action == SYSTOLE_ACTION_EVENT);
  CHECK(output.action == SYSTOLE_ACTION_IDLE || output.until_us > now_us);
  until_us = output.action == SYSTOLE_ACTION_WAIT ? output.until_us : now_us;
}

/* Law 10, from outside: no request is sent later than now, so no grant is believed longer than its
 * TTL from now on. */
static void grant(uint32_t renewal, uint64_t ttl_us, uint8_t epoch) {
  systole_grant_outcome_t outcome = SYSTOLE_GRANT_UNKNOWN;
  uint64_t latest_us = later(ttl_us);
  OK(systole_lease_handle_granted(&lease, renewal, ttl_us, epoch, now_us, &outcome));
  CHECK(outcome != SYSTOLE_GRANT_UNKNOWN);
  if (outcome != SYSTOLE_GRANT_NO_REQUEST) {
    believed_us = latest_us > believed_us ? latest_us : believed_us;
  }
}

static void end_lease(input_t *input, int is_answer) {
  systole_refusal_outcome_t outcome = SYSTOLE_REFUSED_LOST;
  uint32_t why = byte(input) & 7;
  systole_status_t status =
      is_answer ? systole_lease_handle_refused(&lease, request.renewal, why, now_us, &outcome)
                : systole_lease_handle_ended(&lease, why, now_us, &outcome);
  CHECK(status == (why >= 1 && why <= 4 ? SYSTOLE_STATUS_OK : SYSTOLE_STATUS_ENUM));
  CHECK(outcome != SYSTOLE_REFUSED_UNKNOWN);
}

static void happen_to_lease(input_t *input) {
  systole_lease_config_t config;
  uint32_t sent;
  uint8_t flag = 0;
  switch (byte(input) % 16) {
  case 0:
  case 1:
  case 2:
    now_us = until_us > now_us ? until_us : now_us;
    break;
  case 3:
    now_us = later(span(input));
    break;
  case 4:
  case 5:
    grant(request.renewal, request.ttl_us, byte(input) & 3);
    break;
  case 6:
    grant(request.renewal - (byte(input) & 31), span(input), byte(input) & 3);
    break;
  case 7:
    end_lease(input, byte(input) & 1);
    break;
  case 8:
    OK(systole_lease_handle_failed(&lease, (uint32_t)number(input), now_us, &flag));
    break;
  case 9:
    OK(systole_lease_handle_pushback(&lease, span(input), now_us));
    break;
  case 10:
    OK(systole_lease_handle_sent(&lease, now_us, &sent));
    request.renewal = sent > 0 ? sent : request.renewal;
    break;
  case 11:
    OK(systole_lease_release(&lease, now_us));
    break;
  case 12:
    OK(systole_lease_handle_released(&lease, now_us, &flag));
    break;
  case 13:
    OK(systole_lease_acquire(&lease, now_us));
    break;
  case 14:
    now_us = span(input); /* back, or far ahead */
    OK((byte(input) & 1) != 0 ? systole_lease_resync(&lease, now_us) : SYSTOLE_STATUS_OK);
    break;
  default:
    draw_lease(input, &config);
    (void)!systole_lease_reconfigure(&lease, &config, now_us, NULL);
  }
}

static void run_lease(input_t *input) {
  systole_lease_config_t config;
  systole_lease_snapshot_t snapshot;
  systole_error_t error;
  systole_status_t status;
  uint64_t fence_us, stop_us;
  uint8_t is_held;
  draw_lease(input, &config);
  now_us = span(input);
  believed_us = 0;
  request.renewal = 0;
  request.ttl_us = 0;
  status = systole_lease_init(&lease, sizeof lease, &config, now_us, &error);
  if (status != SYSTOLE_STATUS_OK) {
    check_error(status, &error);
    return;
  }
  while (input->left > 0) {
    count();
    happen_to_lease(input);
    drain_lease();
    OK(systole_lease_is_held(&lease, now_us, &is_held));
    OK(systole_lease_fence_at(&lease, &fence_us));
    OK(systole_lease_stop_at(&lease, &stop_us));
    OK(systole_lease_snapshot(&lease, now_us, &snapshot));
    CHECK(is_held <= 1 && is_held == snapshot.is_held && fence_us == snapshot.fence_at_us);
    CHECK(is_held == 0 || (now_us < fence_us && now_us < believed_us));
    CHECK(fence_us <= believed_us && stop_us <= fence_us);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  input_t input;
  input.data = data;
  input.left = size;
  count();
  switch (byte(&input) & 7) {
  case 0:
  case 1:
    run_heartbeat(&input);
    break;
  case 2:
    run_listener(&input);
    break;
  case 3:
    run_sender(&input);
    break;
  case 4:
    run_lease(&input);
    break;
  default:
    run_monitor(&input);
  }
  return 0;
}
