/* A 1024-point complex FFT (radix 4, single precision), the magnitudes and their maximum: the work
 * with which AN4667 compares memories. It calls nothing outside its section, so that the host can
 * place it in any of them. */
#include "benchmark.h"

#define POINTS 1024u
#define FFT __attribute__((section(".fft"), noinline, used))

void fft_run(uint32_t repeats, void *data, const void *constants);

struct complex {
    float re, im;
};

/* Decimation in frequency; twiddles holds exp(-2 pi i k / POINTS) for k below POINTS. */
static FFT void transform(struct complex *x, const struct complex *twiddles) {
    uint32_t step = 1;
    for (uint32_t size = POINTS; size > 1; size /= 4, step *= 4) {
        const uint32_t quarter = size / 4;
        for (uint32_t j = 0; j < quarter; j++) {
            const struct complex w1 = twiddles[j * step];
            const struct complex w2 = twiddles[2 * j * step];
            const struct complex w3 = twiddles[3 * j * step];
            for (uint32_t i = j; i < POINTS; i += size) {
                struct complex *const a = &x[i];
                struct complex *const b = a + quarter;
                struct complex *const c = b + quarter;
                struct complex *const d = c + quarter;
                const float s0r = a->re + c->re, s0i = a->im + c->im;
                const float s1r = a->re - c->re, s1i = a->im - c->im;
                const float s2r = b->re + d->re, s2i = b->im + d->im;
                const float s3r = b->im - d->im, s3i = d->re - b->re;
                const float t2r = s0r - s2r, t2i = s0i - s2i;
                const float t1r = s1r + s3r, t1i = s1i + s3i;
                const float t3r = s1r - s3r, t3i = s1i - s3i;
                a->re = s0r + s2r;
                a->im = s0i + s2i;
                b->re = t2r * w2.re - t2i * w2.im;
                b->im = t2r * w2.im + t2i * w2.re;
                c->re = t1r * w1.re - t1i * w1.im;
                c->im = t1r * w1.im + t1i * w1.re;
                d->re = t3r * w3.re - t3i * w3.im;
                d->im = t3r * w3.im + t3i * w3.re;
            }
        }
    }
}

/* The transform leaves results with their binary digits reversed. */
static FFT void reorder(struct complex *x) {
    for (uint32_t i = 0; i < POINTS; i++) {
        uint32_t j;
        __asm("rbit %0, %1" : "=r"(j) : "r"(i));
        j >>= 22;
        if (i < j) {
            const struct complex kept = x[i];
            x[i] = x[j];
            x[j] = kept;
        }
    }
}

static FFT void magnitudes(const struct complex *x, float *result) {
    for (uint32_t i = 0; i < POINTS; i++) {
        const float power = x[i].re * x[i].re + x[i].im * x[i].im;
        __asm volatile("vsqrt.f32 %0, %1" : "=t"(result[i]) : "t"(power));
    }
}

static FFT float largest(const float *values) {
    float found = values[0];
    for (uint32_t i = 1; i < POINTS; i++) {
        found = values[i] > found ? values[i] : found;
    }
    return found;
}

/* Signal, then room for the magnitudes, then their maximum. */
FFT void fft_run(uint32_t repeats, void *data, const void *constants) {
    struct complex *const signal = data;
    float *const result = (float *)(void *)(signal + POINTS);
    for (uint32_t i = 0; i < repeats; i++) {
        transform(signal, constants);
        reorder(signal);
        magnitudes(signal, result);
        result[POINTS] = largest(result);
    }
}
