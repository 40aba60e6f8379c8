/* Shell. GET requests over connections of its own.  Not libcurl: that repeats a request by itself
 * when a reused connection turns out to be dead, and a proof that no request was lost must see
 * that. */
#ifndef LOAD_CLIENT_H
#define LOAD_CLIENT_H

#include "load/options.h"
#include "load/report.h"

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct load_client;

/* The request due at ${due_ns} of ${phase} came to its end at ${end_ns}. */
typedef void load_client_done(size_t phase, uint64_t due_ns, uint64_t end_ns,
			      enum load_outcome outcome, void *cookie);

/* ${options} must stay valid. */
struct load_client *load_client_open(uv_loop_t *, const struct load_options *options,
				     load_client_done *done, void *cookie);

/* Send one request; times are of uv_hrtime().  ${done} is called once, maybe from inside. */
void load_client_get(struct load_client *, size_t phase, uint64_t due_ns);

/* Requests under way. */
unsigned load_client_in_flight(const struct load_client *);

/* Drop everything (${done} is not called any more); gone when its libuv handles have closed. */
void load_client_close(struct load_client *);

#endif
