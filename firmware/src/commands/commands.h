/* The host protocol: one handler for each command of abi.toml. */
#ifndef COMMANDS_H
#define COMMANDS_H

_Noreturn void commands_serve(void);

#endif
