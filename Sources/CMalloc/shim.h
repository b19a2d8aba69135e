// What glibc has beside the C library that Swift knows: the settings of its allocator.
#if defined(__linux__)
#include <malloc.h>
#endif
