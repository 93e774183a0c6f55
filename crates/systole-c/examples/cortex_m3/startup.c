/* Vector table and start of an image for lm3s6965evb, which QEMU emulates. */
#include <stdint.h>

extern uint32_t data_load[], data_start[], data_end[], bss_start[], bss_end[], stack_top[];

int main(void);
void reset(void);
void stop(void);

void reset(void) {
  uint32_t *to = data_start;
  const uint32_t *from = data_load;
  while (to < data_end) {
    *to++ = *from++;
  }
  for (to = bss_start; to < bss_end; to++) {
    *to = 0;
  }
  (void)main();
  stop();
}

/* After a fault, too. */
void stop(void) {
  for (;;) {
  }
}

typedef union {
  const void *address;
  void (*handler)(void);
} vector_t;

__attribute__((section(".vectors"), used)) static const vector_t VECTORS[16] = {
    {.address = stack_top}, {.handler = reset}, {.handler = stop}, {.handler = stop},
    {.handler = stop},      {.handler = stop},  {.handler = stop}, {.address = 0},
    {.address = 0},         {.address = 0},     {.address = 0},    {.handler = stop},
    {.handler = stop},      {.address = 0},     {.handler = stop}, {.handler = stop},
};

/* What compilers call, in as few bytes as possible. A C library has them, too. */
void *memcpy(void *to, const void *from, unsigned size);
void *memset(void *to, int value, unsigned size);
void __aeabi_memcpy(void *to, const void *from, unsigned size);
void __aeabi_memcpy4(void *to, const void *from, unsigned size)
    __attribute__((alias("__aeabi_memcpy")));
void __aeabi_memcpy8(void *to, const void *from, unsigned size)
    __attribute__((alias("__aeabi_memcpy")));
void __aeabi_memclr(void *to, unsigned size);
void __aeabi_memclr4(void *to, unsigned size) __attribute__((alias("__aeabi_memclr")));
void __aeabi_memclr8(void *to, unsigned size) __attribute__((alias("__aeabi_memclr")));

__attribute__((optimize("no-tree-loop-distribute-patterns"))) void *memcpy(void *to,
                                                                           const void *from,
                                                                           unsigned size) {
  char *place = to;
  const char *source = from;
  while (size-- > 0) {
    *place++ = *source++;
  }
  return to;
}

__attribute__((optimize("no-tree-loop-distribute-patterns"))) void *memset(void *to, int value,
                                                                           unsigned size) {
  char *place = to;
  while (size-- > 0) {
    *place++ = (char)value;
  }
  return to;
}

void __aeabi_memcpy(void *to, const void *from, unsigned size) {
  (void)memcpy(to, from, size);
}

void __aeabi_memclr(void *to, unsigned size) {
  (void)memset(to, 0, size);
}
