/* What Dhrystone wants of a C library, in the style of its time. */
#ifndef DHRYSTONE_STDIO_H
#define DHRYSTONE_STDIO_H

int printf(const char *format, ...);
int scanf(const char *format, ...);
int strcmp(const char *left, const char *right);
char *strcpy(char *target, const char *source);

#ifndef BYTEWISE
/* The compiler knows the length of a literal, and copies it without a call. */
#define strcpy(target, source) __builtin_memcpy(target, source, __builtin_strlen(source) + 1)
#endif

#endif
