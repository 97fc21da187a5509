/* What the firmware says of itself and of the chip. */
#ifndef IDENTITY_H
#define IDENTITY_H

#include "abi.h"

/* Reads the cause of the reset and clears it for the next; to be called once. */
void identity_init(void);

abi_hello_reply_t identity(void);

#endif
