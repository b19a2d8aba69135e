#include "contract.h"

// In C, as its compiler takes a file in as it is: written as a Swift array, these bytes take minutes to compile.
#pragma clang diagnostic ignored "-Wc23-extensions"
static const unsigned char contract[] = {
#embed "../../openapi/claviger.yaml"
};

const unsigned char *claviger_contract_bytes(void) { return contract; }

size_t claviger_contract_size(void) { return sizeof contract; }
