/* Every function refuses storage that is missing, was never initialised, was copied from elsewhere, or
 * holds another machine, and a result without room. `test` compares the functions that this program
 * calls with those of the header. */
#include <stddef.h>
#include <string.h>

#include "check.h"
#include "systole.h"

#define SECOND UINT64_C(1000000)

/* Room for each machine, so that one may stand where another is expected. */
typedef union {
  systole_heartbeat_t heartbeat;
  systole_planned_heartbeat_t planned_heartbeat;
  systole_monitor_t monitor;
  systole_planned_monitor_t planned_monitor;
  systole_listener_t listener;
  systole_sender_t sender;
  systole_lease_t lease;
  systole_clock_t clock;
} room_t;

/* What the functions of a machine answer, in the memory that they are given. */
typedef void (*answers_t)(room_t *room, systole_status_t want);

#define ANSWERS(call) CHECK((call) == want)

/* Defines what all functions of a heartbeat answer, and those that return something without room for
 * it. */
#define HEARTBEAT(machine)                                                                         \
  static void machine##_answers(room_t *room, systole_status_t want) {                             \
    systole_##machine##_t *it = room == NULL ? NULL : &room->machine;                              \
    systole_snapshot_t snapshot;                                                                   \
    systole_verdict_t verdict;                                                                     \
    uint64_t us;                                                                                   \
    uint32_t level;                                                                                \
    ANSWERS(systole_##machine##_next_interval(it, 40000, &us));                                    \
    ANSWERS(systole_##machine##_missed(it, &us));                                                  \
    ANSWERS(systole_##machine##_failed(it, SYSTOLE_FAILURE_REFUSED, 0, &us));                      \
    ANSWERS(systole_##machine##_unsent(it, 0, &us));                                               \
    ANSWERS(systole_##machine##_late(it, 40000));                                                  \
    ANSWERS(systole_##machine##_timeout(it, &us));                                                 \
    ANSWERS(systole_##machine##_verdict(it, &verdict));                                            \
    ANSWERS(systole_##machine##_level(it, &level));                                                \
    ANSWERS(systole_##machine##_snapshot(it, &snapshot));                                          \
  }                                                                                                \
  static void machine##_without_room(systole_##machine##_t *it) {                                  \
    CHECK(systole_##machine##_next_interval(it, 40000, NULL) == SYSTOLE_STATUS_NULL);              \
    CHECK(systole_##machine##_missed(it, NULL) == SYSTOLE_STATUS_NULL);                            \
    CHECK(systole_##machine##_failed(it, SYSTOLE_FAILURE_RESET, 0, NULL) == SYSTOLE_STATUS_NULL);  \
    CHECK(systole_##machine##_failed(it, (systole_failure_t)7, 0, NULL) == SYSTOLE_STATUS_ENUM);   \
    CHECK(systole_##machine##_unsent(it, 0, NULL) == SYSTOLE_STATUS_NULL);                         \
    CHECK(systole_##machine##_timeout(it, NULL) == SYSTOLE_STATUS_NULL);                           \
    CHECK(systole_##machine##_verdict(it, NULL) == SYSTOLE_STATUS_NULL);                           \
    CHECK(systole_##machine##_level(it, NULL) == SYSTOLE_STATUS_NULL);                             \
    CHECK(systole_##machine##_snapshot(it, NULL) == SYSTOLE_STATUS_NULL);                          \
  }

HEARTBEAT(heartbeat)
HEARTBEAT(planned_heartbeat)

/* The same for a monitor; `fill` makes its configuration. */
#define MONITOR(machine, config_type, fill)                                                        \
  static void machine##_answers(room_t *room, systole_status_t want) {                             \
    systole_##machine##_t *it = room == NULL ? NULL : &room->machine;                              \
    config_type config;                                                                            \
    systole_output_t output;                                                                       \
    systole_monitor_snapshot_t snapshot;                                                           \
    systole_verdict_t verdict;                                                                     \
    uint64_t us;                                                                                   \
    uint32_t level;                                                                                \
    OK(fill(&config, SECOND));                                                                     \
    config.seed = 7;                                                                               \
    ANSWERS(systole_##machine##_reconfigure(it, &config, 0, NULL));                                \
    ANSWERS(systole_##machine##_poll(it, 0, &output));                                             \
    ANSWERS(systole_##machine##_handle_reply(it, 1, 0));                                           \
    ANSWERS(systole_##machine##_handle_reply_with(it, 1, 0, 0));                                   \
    ANSWERS(systole_##machine##_handle_reply_any(it, 0));                                          \
    ANSWERS(systole_##machine##_handle_traffic(it, 0));                                            \
    ANSWERS(systole_##machine##_handle_failure(it, 1, SYSTOLE_FAILURE_REFUSED, 0));                \
    ANSWERS(systole_##machine##_handle_unsent(it, 1, 0));                                          \
    ANSWERS(systole_##machine##_handle_skipped(it, 1, 0));                                         \
    ANSWERS(systole_##machine##_handle_pushback(it, 0, 0));                                        \
    ANSWERS(systole_##machine##_probe_now(it, 0));                                                 \
    ANSWERS(systole_##machine##_restarted(it, 0));                                                 \
    ANSWERS(systole_##machine##_resumed(it, 0));                                                   \
    ANSWERS(systole_##machine##_resync(it, 0));                                                    \
    ANSWERS(systole_##machine##_verdict(it, &verdict));                                            \
    ANSWERS(systole_##machine##_level(it, 0, &level));                                             \
    ANSWERS(systole_##machine##_next_probe_earliest(it, &us));                                     \
    ANSWERS(systole_##machine##_snapshot(it, 0, &snapshot));                                       \
  }                                                                                                \
  static void machine##_without_room(systole_##machine##_t *it) {                                  \
    CHECK(systole_##machine##_reconfigure(it, NULL, 0, NULL) == SYSTOLE_STATUS_NULL);              \
    CHECK(systole_##machine##_poll(it, 0, NULL) == SYSTOLE_STATUS_NULL);                           \
    CHECK(systole_##machine##_handle_failure(it, 1, (systole_failure_t)0, 0) ==                    \
          SYSTOLE_STATUS_ENUM);                                                                    \
    CHECK(systole_##machine##_verdict(it, NULL) == SYSTOLE_STATUS_NULL);                           \
    CHECK(systole_##machine##_level(it, 0, NULL) == SYSTOLE_STATUS_NULL);                          \
    CHECK(systole_##machine##_next_probe_earliest(it, NULL) == SYSTOLE_STATUS_NULL);               \
    CHECK(systole_##machine##_snapshot(it, 0, NULL) == SYSTOLE_STATUS_NULL);                       \
  }

MONITOR(monitor, systole_config_t, systole_config_fixed)
MONITOR(planned_monitor, systole_planned_config_t, systole_planned_config)

static void listener_answers(room_t *room, systole_status_t want) {
  systole_listener_t *it = room == NULL ? NULL : &room->listener;
  systole_beat_t beat = {0};
  systole_output_t output;
  systole_listener_snapshot_t snapshot;
  systole_verdict_t verdict;
  uint64_t us;
  uint32_t level;
  int32_t load;
  beat.interval_us = SECOND;
  beat.deadline_us = SECOND;
  ANSWERS(systole_listener_handle_beat(it, &beat, 0, NULL));
  ANSWERS(systole_listener_poll(it, 0, &output));
  ANSWERS(systole_listener_resumed(it, 0));
  ANSWERS(systole_listener_resync(it, 0));
  ANSWERS(systole_listener_verdict(it, &verdict));
  ANSWERS(systole_listener_level(it, 0, &level));
  ANSWERS(systole_listener_bound(it, &us));
  ANSWERS(systole_listener_load(it, &load));
  ANSWERS(systole_listener_snapshot(it, 0, &snapshot));
}

static void listener_without_room(systole_listener_t *it) {
  CHECK(systole_listener_handle_beat(it, NULL, 0, NULL) == SYSTOLE_STATUS_NULL);
  CHECK(systole_listener_poll(it, 0, NULL) == SYSTOLE_STATUS_NULL);
  CHECK(systole_listener_verdict(it, NULL) == SYSTOLE_STATUS_NULL);
  CHECK(systole_listener_level(it, 0, NULL) == SYSTOLE_STATUS_NULL);
  CHECK(systole_listener_bound(it, NULL) == SYSTOLE_STATUS_NULL);
  CHECK(systole_listener_load(it, NULL) == SYSTOLE_STATUS_NULL);
  CHECK(systole_listener_snapshot(it, 0, NULL) == SYSTOLE_STATUS_NULL);
}

static void sender_answers(room_t *room, systole_status_t want) {
  systole_sender_t *it = room == NULL ? NULL : &room->sender;
  systole_sender_output_t output;
  systole_beat_t beat;
  uint64_t us;
  ANSWERS(systole_sender_poll(it, 0, &output));
  ANSWERS(systole_sender_set_interval(it, SECOND, 0, NULL));
  ANSWERS(systole_sender_set_load(it, 128));
  ANSWERS(systole_sender_interval(it, &us));
  ANSWERS(systole_sender_goodbye(it, &beat));
}

static void sender_without_room(systole_sender_t *it) {
  CHECK(systole_sender_poll(it, 0, NULL) == SYSTOLE_STATUS_NULL);
  CHECK(systole_sender_interval(it, NULL) == SYSTOLE_STATUS_NULL);
  CHECK(systole_sender_goodbye(it, NULL) == SYSTOLE_STATUS_NULL);
}

static void lease_answers(room_t *room, systole_status_t want) {
  systole_lease_t *it = room == NULL ? NULL : &room->lease;
  systole_lease_config_t config;
  systole_lease_output_t output;
  systole_lease_snapshot_t snapshot;
  uint64_t us;
  uint32_t sent;
  uint8_t is_held;
  OK(systole_lease_config_renewed(&config, 10 * SECOND));
  ANSWERS(systole_lease_reconfigure(it, &config, 0, NULL));
  ANSWERS(systole_lease_poll(it, 0, &output));
  ANSWERS(systole_lease_handle_granted(it, 1, SECOND, 0, 0, NULL));
  ANSWERS(systole_lease_handle_refused(it, 1, SYSTOLE_REFUSAL_EXPIRED, 0, NULL));
  ANSWERS(systole_lease_handle_ended(it, SYSTOLE_REFUSAL_EXPIRED, 0, NULL));
  ANSWERS(systole_lease_handle_failed(it, 1, 0, NULL));
  ANSWERS(systole_lease_handle_pushback(it, SECOND, 0));
  ANSWERS(systole_lease_handle_sent(it, 0, &sent));
  ANSWERS(systole_lease_handle_released(it, 0, NULL));
  ANSWERS(systole_lease_release(it, 0));
  ANSWERS(systole_lease_acquire(it, 0));
  ANSWERS(systole_lease_resync(it, 0));
  ANSWERS(systole_lease_is_held(it, 0, &is_held));
  ANSWERS(systole_lease_fence_at(it, &us));
  ANSWERS(systole_lease_stop_at(it, &us));
  ANSWERS(systole_lease_epoch(it, &us));
  ANSWERS(systole_lease_snapshot(it, 0, &snapshot));
}

static void lease_without_room(systole_lease_t *it) {
  CHECK(systole_lease_reconfigure(it, NULL, 0, NULL) == SYSTOLE_STATUS_NULL);
  CHECK(systole_lease_poll(it, 0, NULL) == SYSTOLE_STATUS_NULL);
  CHECK(systole_lease_handle_sent(it, 0, NULL) == SYSTOLE_STATUS_NULL);
  CHECK(systole_lease_is_held(it, 0, NULL) == SYSTOLE_STATUS_NULL);
  CHECK(systole_lease_fence_at(it, NULL) == SYSTOLE_STATUS_NULL);
  CHECK(systole_lease_stop_at(it, NULL) == SYSTOLE_STATUS_NULL);
  CHECK(systole_lease_epoch(it, NULL) == SYSTOLE_STATUS_NULL);
  CHECK(systole_lease_snapshot(it, 0, NULL) == SYSTOLE_STATUS_NULL);
}

static void clock_answers(room_t *room, systole_status_t want) {
  systole_clock_t *it = room == NULL ? NULL : &room->clock;
  uint64_t us;
  ANSWERS(systole_clock_extend(it, 0, &us));
}

static void clock_without_room(systole_clock_t *it) {
  CHECK(systole_clock_extend(it, 0, NULL) == SYSTOLE_STATUS_NULL);
}

/* `init` is the call that initialises `room.machine`, and `answers` calls all other functions. */
#define EACH(machine, init)                                                                        \
  do {                                                                                             \
    CHECK((init) == SYSTOLE_STATUS_OK);                                                            \
    machine##_without_room(&room.machine);                                                         \
    machine##_answers(&room, SYSTOLE_STATUS_OK);                                                   \
    CHECK((init) == SYSTOLE_STATUS_OK);                                                            \
    are_refused(machine##_answers);                                                                \
  } while (0)

static room_t room;
static room_t elsewhere;

/* Missing, filled with anything, copied, or of another kind: the clock's number is none of theirs. */
static void are_refused(answers_t answers) {
  static const unsigned char FILLINGS[] = {0x00, 0xff, 0xa5, 0x5a, 0xcd};
  size_t filling;
  answers(NULL, SYSTOLE_STATUS_NULL);
  memcpy(&elsewhere, &room, sizeof elsewhere);
  answers(&elsewhere, SYSTOLE_STATUS_NOT_INITIALIZED);
  for (filling = 0; filling < sizeof FILLINGS; filling++) {
    memset(&elsewhere, FILLINGS[filling], sizeof elsewhere);
    answers(&elsewhere, SYSTOLE_STATUS_NOT_INITIALIZED);
  }
  if (answers != clock_answers) {
    OK(systole_clock_init(&elsewhere.clock, sizeof elsewhere.clock, 1, 0, NULL));
    answers(&elsewhere, SYSTOLE_STATUS_NOT_INITIALIZED);
  }
}

/* Missing storage, a size of another version, and a missing configuration. */
#define INIT(machine, config, ...)                                                                 \
  do {                                                                                             \
    CHECK(systole_##machine##_init(NULL, sizeof room.machine, (config), __VA_ARGS__) ==            \
          SYSTOLE_STATUS_NULL);                                                                    \
    CHECK(systole_##machine##_init(&room.machine, sizeof room.machine + 8, (config),               \
                                   __VA_ARGS__) == SYSTOLE_STATUS_SIZE);                           \
    CHECK(systole_##machine##_init(&room.machine, sizeof room.machine, NULL, __VA_ARGS__) ==       \
          SYSTOLE_STATUS_NULL);                                                                    \
    (config)->size += 4;                                                                           \
    CHECK(systole_##machine##_init(&room.machine, sizeof room.machine, (config), __VA_ARGS__) ==   \
          SYSTOLE_STATUS_SIZE);                                                                    \
    (config)->size -= 4;                                                                           \
    EACH(machine, systole_##machine##_init(&room.machine, sizeof room.machine, (config),           \
                                           __VA_ARGS__));                                          \
  } while (0)

static void machines(void) {
  systole_config_t config;
  systole_planned_config_t planned;
  systole_listener_config_t listening;
  systole_sender_config_t sending;
  systole_lease_config_t leasing;
  OK(systole_config_every(&config, SECOND));
  OK(systole_planned_config(&planned, 10 * SECOND));
  OK(systole_listener_config(&listening));
  OK(systole_sender_config(&sending, SECOND, 7));
  OK(systole_lease_config_renewed(&leasing, 10 * SECOND));
  config.seed = 7;
  planned.seed = 7;
  INIT(heartbeat, &config, NULL);
  INIT(planned_heartbeat, &planned, NULL);
  INIT(monitor, &config, 0, NULL);
  INIT(planned_monitor, &planned, 0, NULL);
  INIT(listener, &listening, 0, NULL);
  INIT(sender, &sending, 0, NULL);
  INIT(lease, &leasing, 0, NULL);
  CHECK(systole_clock_init(NULL, sizeof room.clock, 1, 0, NULL) == SYSTOLE_STATUS_NULL);
  CHECK(systole_clock_init(&room.clock, 1, 1, 0, NULL) == SYSTOLE_STATUS_SIZE);
  CHECK(systole_clock_init(&room.clock, sizeof room.clock, 0, 0, NULL) == SYSTOLE_STATUS_RANGE);
  EACH(clock, systole_clock_init(&room.clock, sizeof room.clock, 1, 0, NULL));
}

static void configurations(void) {
  CHECK(systole_config_every(NULL, SECOND) == SYSTOLE_STATUS_NULL);
  CHECK(systole_config_fixed(NULL, SECOND) == SYSTOLE_STATUS_NULL);
  CHECK(systole_config_check(NULL, NULL) == SYSTOLE_STATUS_NULL);
  CHECK(systole_planned_config(NULL, SECOND) == SYSTOLE_STATUS_NULL);
  CHECK(systole_planned_config_check(NULL, NULL) == SYSTOLE_STATUS_NULL);
  CHECK(systole_listener_config(NULL) == SYSTOLE_STATUS_NULL);
  CHECK(systole_sender_config(NULL, SECOND, 7) == SYSTOLE_STATUS_NULL);
  CHECK(systole_lease_config_renewed(NULL, SECOND) == SYSTOLE_STATUS_NULL);
  CHECK(systole_lease_config_renewed_in_seconds(NULL, SECOND) == SYSTOLE_STATUS_NULL);
  CHECK(systole_lease_config_keep_alive(NULL, SECOND) == SYSTOLE_STATUS_NULL);
  CHECK(systole_lease_config_idle_timeout(NULL, SECOND) == SYSTOLE_STATUS_NULL);
  CHECK(systole_lease_config_session(NULL, SECOND, SECOND) == SYSTOLE_STATUS_NULL);
  CHECK(systole_lease_config_check(NULL, NULL) == SYSTOLE_STATUS_NULL);
}

static void bytes(void) {
  const systole_beat_t beat = {0};
  uint8_t plain[SYSTOLE_BEAT_SIZE] = {0};
  uint8_t tagged[SYSTOLE_BEAT_TAGGED_SIZE] = {0};
  systole_beat_t out;
  CHECK(systole_beat_encode(NULL, &plain) == SYSTOLE_STATUS_NULL);
  CHECK(systole_beat_encode(&beat, NULL) == SYSTOLE_STATUS_NULL);
  CHECK(systole_beat_seal(NULL, &tagged) == SYSTOLE_STATUS_NULL);
  CHECK(systole_beat_seal(&beat, NULL) == SYSTOLE_STATUS_NULL);
  CHECK(systole_beat_decode(NULL, sizeof plain, &out) == SYSTOLE_STATUS_NULL);
  CHECK(systole_beat_decode(plain, sizeof plain, NULL) == SYSTOLE_STATUS_NULL);
  CHECK(systole_beat_open(NULL, sizeof tagged, tagged, &out) == SYSTOLE_STATUS_NULL);
  CHECK(systole_beat_open(tagged, sizeof tagged, NULL, &out) == SYSTOLE_STATUS_NULL);
  CHECK(systole_beat_open(tagged, sizeof tagged, tagged, NULL) == SYSTOLE_STATUS_NULL);
  CHECK(systole_error_message(NULL, NULL, 0) == 0);
}

int main(void) {
  machines();
  configurations();
  bytes();
  return 0;
}
