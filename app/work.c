/* Shell. A job is one request from its arrival to its answer.  Waiting is done by timers on the
 * loop; only burning CPU needs a thread of libuv's pool, which main() gives as many threads as
 * there are slots. */
#include "app/work.h"

#include "common/json.h"
#include "common/mem.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>
#include <unistd.h>

struct job {
	struct work *work;
	struct http_request *req; /* NULL once the client has left */
	bool queued;
	uint64_t arrived_ns, started_ns;
	int delay_ms, cpu_ms;
	uv_timer_t timer;
	uv_work_t burn;
	TAILQ_ENTRY(job) link;
};

struct work {
	uv_loop_t *loop;
	int concurrency, delay_ms;
	int running, queued_n; /* set_running, set_queued */
	bool closing;
	char *host_json; /* the host's name as a JSON string */
	struct metric *requests_total, *request_times, *running_gauge, *queued_gauge;
	TAILQ_HEAD(job_queue, job) queue;
};

static void work_free(struct work *w)
{
	free(w->host_json);
	free(w);
}

static void metrics_open(struct work *w, struct metrics *set)
{
	w->requests_total = metrics_add(set, METRIC_COUNTER, "agentic_app_requests_total", NULL,
					"Requests answered after their turn");
	w->request_times =
		metrics_add(set, METRIC_HISTOGRAM_MS, "agentic_app_request_duration_seconds", NULL,
			    "Time from arrival to answer, waiting included");
	w->running_gauge = metrics_add(set, METRIC_GAUGE, "agentic_app_running", NULL,
				       "Requests that hold a slot");
	w->queued_gauge =
		metrics_add(set, METRIC_GAUGE, "agentic_app_queued", NULL, "Requests in line");
}

struct work *work_open(uv_loop_t *loop, struct metrics *set, int concurrency, int delay_ms)
{
	struct work *w = xcalloc(1, sizeof(*w));
	char host[256] = "";
	cJSON *name;

	gethostname(host, sizeof(host) - 1);
	name = cJSON_CreateString(host);
	w->host_json = json_print(name);
	cJSON_Delete(name);
	w->loop = loop;
	w->concurrency = concurrency;
	w->delay_ms = delay_ms;
	TAILQ_INIT(&w->queue);
	metrics_open(w, set);
	return w;
}

void work_close(struct work *w)
{
	w->closing = true;
	if (w->running == 0)
		work_free(w);
}

static void set_running(struct work *w, int n)
{
	w->running = n;
	metric_set(w->running_gauge, n);
}

static void set_queued(struct work *w, int n)
{
	w->queued_n = n;
	metric_set(w->queued_gauge, n);
}

static double ms_since(uint64_t from_ns, uint64_t to_ns)
{
	return (double)(to_ns - from_ns) / 1e6;
}

static void answer(struct job *job)
{
	char body[1024];
	uint64_t now_ns = uv_hrtime();
	int len = snprintf(body, sizeof(body),
			   "{\"service\":\"app\",\"host\":%s,\"waited_ms\":%.3f,\"took_ms\":%.3f}",
			   job->work->host_json, ms_since(job->arrived_ns, job->started_ns),
			   ms_since(job->started_ns, now_ns));

	http_reply(job->req, 200, "application/json", body, (size_t)len);
	metric_inc(job->work->requests_total);
	metric_observe(job->work->request_times, ms_since(job->arrived_ns, now_ns) / 1000);
}

static void free_job(uv_handle_t *timer)
{
	free(timer->data);
}

/* Give the slot back. */
static void end(struct job *job)
{
	set_running(job->work, job->work->running - 1);
	if (job->req != NULL)
		answer(job);
	uv_close((uv_handle_t *)&job->timer, free_job);
}

static void start_queued(struct work *);

static void end_and_go_on(struct job *job)
{
	struct work *w = job->work;

	end(job);
	start_queued(w);
	if (w->closing && w->running == 0)
		work_free(w);
}

static void burn_cpu(uv_work_t *burn)
{
	const struct job *job = burn->data;
	struct timespec begin, used;
	int64_t used_ms;

	/* The thread's own time, so that a busy machine makes it take longer. */
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begin);
	do {
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
		used_ms = (used.tv_sec - begin.tv_sec) * 1000 +
			  (used.tv_nsec - begin.tv_nsec) / 1000000;
	} while (used_ms < job->cpu_ms);
}

static void on_burnt(uv_work_t *burn, int status)
{
	(void)status;
	end_and_go_on(burn->data);
}

static void start_burning(struct job *job)
{
	job->burn.data = job;
	uv_queue_work(job->work->loop, &job->burn, burn_cpu, on_burnt);
}

static void on_delay_over(uv_timer_t *timer)
{
	struct job *job = timer->data;

	if (job->cpu_ms > 0)
		start_burning(job);
	else
		end_and_go_on(job);
}

static void start(struct job *job)
{
	set_running(job->work, job->work->running + 1);
	job->started_ns = uv_hrtime();
	if (job->delay_ms > 0)
		uv_timer_start(&job->timer, on_delay_over, (uint64_t)job->delay_ms, 0);
	else if (job->cpu_ms > 0)
		start_burning(job);
	else
		end(job);
}

static void dequeue(struct job *job)
{
	TAILQ_REMOVE(&job->work->queue, job, link);
	set_queued(job->work, job->work->queued_n - 1);
	job->queued = false;
}

static void start_queued(struct work *w)
{
	struct job *job;

	while (w->running < w->concurrency && (job = TAILQ_FIRST(&w->queue)) != NULL) {
		dequeue(job);
		start(job);
	}
}

/* The client left.  In line it loses its place; work that has begun goes on for nobody, as it does
 * in most services. */
static void on_gone(void *data)
{
	struct job *job = data;

	job->req = NULL;
	if (!job->queued)
		return;
	dequeue(job);
	uv_close((uv_handle_t *)&job->timer, free_job);
}

/* 0, or -EINVAL. */
static int query_ms(const struct http_request *req, const char *name, int *ret_ms)
{
	const char *text = name != NULL ? http_request_query(req, name) : NULL;
	char *end_of_number;
	long ms;

	if (text == NULL) {
		*ret_ms = 0;
		return 0;
	}
	if (*text < '0' || *text > '9')
		return -EINVAL;
	ms = strtol(text, &end_of_number, 10);
	if (*end_of_number != '\0' || ms > WORK_MS_MAX)
		return -EINVAL;
	*ret_ms = (int)ms;
	return 0;
}

static void refuse(struct http_request *req, unsigned status, const char *why)
{
	char body[128];
	int len = snprintf(body, sizeof(body), "{\"error\":\"%s\"}", why);

	http_reply(req, status, "application/json", body, (size_t)len);
}

void work_take(struct work *w, struct http_request *req, const char *delay_param,
	       const char *cpu_param)
{
	int delay_ms, cpu_ms;
	struct job *job;

	if (query_ms(req, delay_param, &delay_ms) != 0 || query_ms(req, cpu_param, &cpu_ms) != 0) {
		refuse(req, 400, "milliseconds must be a whole number from 0 to 60000");
		return;
	}
	if (w->queued_n >= WORK_QUEUED_MAX) {
		refuse(req, 503, "too many requests in line");
		return;
	}
	job = xcalloc(1, sizeof(*job));
	job->work = w;
	job->req = req;
	job->arrived_ns = uv_hrtime();
	job->delay_ms = w->delay_ms + delay_ms;
	job->cpu_ms = cpu_ms;
	uv_timer_init(w->loop, &job->timer);
	job->timer.data = job;
	http_request_watch(req, on_gone, job);

	job->queued = true;
	set_queued(w, w->queued_n + 1);
	TAILQ_INSERT_TAIL(&w->queue, job, link);
	start_queued(w);
}
