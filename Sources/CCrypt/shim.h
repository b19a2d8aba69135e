// libxcrypt, for bcrypt; Debian: libcrypt-dev.
#include <crypt.h>
