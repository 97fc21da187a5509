/* Runs the network as the schedule says and accounts for the time it takes. */
#ifndef INFERENCE_H
#define INFERENCE_H

#include "abi.h"

/* Measures what the accounting itself costs. */
void inference_calibrate(void);
uint32_t inference_marker_overhead(void);
uint32_t inference_hop_overhead(void);

/* Runs `warmup` times, then `runs` times; reply and profile are those of the last run. */
abi_status_t inference_run(const abi_run_request_t *request, abi_run_reply_t *reply,
                           abi_error_reply_t *error);

/* Runs layers first to end - 1 once. The caller holds a measurement open. */
abi_status_t inference_pass(uint32_t first, uint32_t end, abi_profile_level_t level);

/* Tells what a pass failed at. */
abi_status_t inference_failure(abi_status_t status, abi_error_reply_t *error);

/* Of the last run; 0 records before the first. */
uint32_t inference_profile_count(void);
const abi_profile_record_t *inference_profile(void);

/* The layer at work, or ABI_LAYER_NONE. */
uint32_t inference_layer(void);

#endif
