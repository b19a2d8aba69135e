#include <stddef.h>

/// The first byte of openapi/claviger.yaml, as the binary was built with it.
const unsigned char *claviger_contract_bytes(void);

/// How many bytes there are.
size_t claviger_contract_size(void);
