/* Shell. Hands nginx its file: writes it, has nginx test it, reloads nginx, sees the new generation
 * answer.  By Docker exec, since a signal sent through Docker's kill call would switch off
 * "restart: unless-stopped". */
#ifndef WATCHER_NGINX_H
#define WATCHER_NGINX_H

#include "common/docker.h"
#include "common/http_client.h"
#include "common/message.h"
#include "watcher/drains.h"
#include "watcher/rollout.h"

#include <uv.h>

struct nginx;

struct nginx_options { /* strings must stay valid */
	const char *conf_dir;
	const char *container;
	const char *url; /* where /generation is */
};

enum nginx_outcome {
	NGINX_CONFIRMED,
	NGINX_OTHER,   /* it runs another generation */
	NGINX_REFUSED, /* nginx -t says no: nothing was reloaded */
	NGINX_FAILED,  /* could not be tested or reloaded: the container, or Docker, is away */
	NGINX_SILENT,  /* did not answer with this generation in time */
};

struct nginx_result {
	enum nginx_outcome outcome;
	char message[MESSAGE_TEXT_MAX];      /* "" when confirmed */
	const struct drains_workers *before; /* workers seen before a reload; empty when unknown */
};
typedef void nginx_done(const struct nginx_result *, void *cookie);

struct nginx *nginx_open(uv_loop_t *, struct docker *, struct http_client *,
			 const struct nginx_options *);

/* Call it in the same turn of the loop as docker_close and http_client_close, after which no answer
 * comes.  NULL is fine. */
void nginx_close(struct nginx *);

/* The upstream file.  Read: its text (caller frees), or -errno.  Write: in one step for any reader,
 * and on disk when it returns; 0 or -errno, then the old file stands. */
int nginx_file_read(const struct nginx *, char **ret_text);
int nginx_file_write(const struct nginx *, const char *text);

/* Whether the upstream file holds ${text}, to the byte. */
bool nginx_file_holds(const struct nginx *, const char *text);

/* Test the file (nginx -t), reload, wait until ${generation} has taken over, at most
 * NGINX_RELOAD_MAX_MS.  One reload or check at a time. */
#define NGINX_RELOAD_MAX_MS 10000
void nginx_reload(struct nginx *, int generation, nginx_done *, void *cookie);

/* See whether nginx runs ${generation}; one that does not answer is asked for NGINX_CHECK_MAX_MS.
 * ${reloading}: someone else may have begun a reload, so one right answer is not enough. */
#define NGINX_CHECK_MAX_MS 5000
void nginx_check(struct nginx *, int generation, bool reloading, nginx_done *, void *cookie);

/* nginx is known to be gone: end the reload or check under way, if any, with the next answer that
 * does not come. */
void nginx_hurry(struct nginx *);

/* List nginx's workers.  ${workers} is NULL when Docker could not tell (${error}: why), and valid
 * during the callback. */
typedef void nginx_workers_done(const struct drains_workers *workers, const char *error,
				void *cookie);
void nginx_workers(struct nginx *, nginx_workers_done *, void *cookie);

#endif
