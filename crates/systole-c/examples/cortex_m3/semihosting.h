/* Output and exit by semihosting: a debugger, or QEMU with -semihosting-config. */
#ifndef SEMIHOSTING_H
#define SEMIHOSTING_H

#include <stdint.h>

static inline uintptr_t semihosting(uintptr_t operation, uintptr_t argument) {
  register uintptr_t r0 __asm__("r0") = operation;
  register uintptr_t r1 __asm__("r1") = argument;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}

/* Writes a string. */
static inline void print(const char *text) {
  (void)semihosting(0x04, (uintptr_t)text);
}

/* Writes a number in `digits` digits of base 16. */
static inline void print_hex(uint64_t number, int digits) {
  char text[17];
  int place;
  text[digits] = '\0';
  for (place = digits; place > 0; place--) {
    text[place - 1] = "0123456789abcdef"[number & 15];
    number >>= 4;
  }
  print(text);
}

/* Writes a number in base 10. */
static inline void print_number(uint32_t number) {
  char text[11];
  char *place = text + 10;
  *place = '\0';
  do {
    *--place = (char)('0' + number % 10);
    number /= 10;
  } while (number > 0);
  print(place);
}

/* Ends the emulation: 0x20026 is success. */
static inline void leave(void) {
  (void)semihosting(0x18, 0x20026);
}

#endif
