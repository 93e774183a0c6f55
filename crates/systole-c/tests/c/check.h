/* Checks that name the line where one does not hold. */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <stdlib.h>

#define CHECK(holds)                                                       \
  do {                                                                     \
    if (!(holds)) {                                                        \
      (void)fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #holds);    \
      exit(1);                                                             \
    }                                                                      \
  } while (0)

#define OK(call) CHECK((call) == SYSTOLE_STATUS_OK)

#endif
