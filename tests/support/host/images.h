/* Data images: such as the checks take, nearly. */
#ifndef IMAGES_H
#define IMAGES_H

#include <stdint.h>

/* Writes an image of one layer or a few, with consistent shapes, extreme now and then. */
void image_draw(void);

/* Places a valid image; `image_damage` then changes some of its members, whichever way it came. */
void image_place(const uint8_t *image, uint32_t bytes);
void image_damage(void);

/* Makes the checksums right, and what lies behind the image out of bounds. */
void image_seal(void);

/* The same, and what the header begins with, as a rule. */
void image_finish(void);

#endif
