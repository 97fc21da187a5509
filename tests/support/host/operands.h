/* For the blocks that tests/support/inline_assembly.py writes. */
#ifndef OPERANDS_H
#define OPERANDS_H

/* An operand as a number, and back: pointers are addresses below 4 GB. */
#define HOST_NUMBER(expression)                                                                    \
    (__extension__({                                                                               \
        const __typeof__(expression) operand_ = (expression);                                      \
        uint32_t number_ = 0;                                                                      \
        __builtin_memcpy(&number_, &operand_, sizeof number_);                                     \
        number_;                                                                                   \
    }))
#define HOST_VALUE(expression, number)                                                             \
    (__extension__({                                                                               \
        __typeof__(expression) value_;                                                             \
        const uint64_t wide_ = (number);                                                           \
        __builtin_memcpy(&value_, &wide_, sizeof value_);                                          \
        value_;                                                                                    \
    }))

#endif
