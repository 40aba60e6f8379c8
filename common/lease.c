/* Shell. One script that takes, renews or looks, asked again and again; another that hands over. */
#include "common/lease.h"

#include "common/bus.h"
#include "common/bus_link.h"
#include "common/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define REASON_MAX 256

/* KEYS: lease, tokens.  ARGV: who asks, TTL.  Answer: enum lease_outcome, token, what is left of
 * another's in ms.  A key that lasts longer than it may was made before a clock was set back. */
static const char claim_script[] =
	"local owner, ttl = redis.call('GET', KEYS[1]), tonumber(ARGV[2])\n"
	"local token = tonumber(redis.call('GET', KEYS[2]) or 0)\n"
	"if owner and owner ~= '' and owner ~= ARGV[1] then\n"
	"  local left = redis.call('PTTL', KEYS[1])\n"
	"  if left < 0 or left > ttl then\n"
	"    left = ttl\n"
	"    redis.call('SET', KEYS[1], owner, 'PX', left)\n"
	"  end\n"
	"  return {0, token, left}\n"
	"end\n"
	"redis.call('SET', KEYS[1], ARGV[1], 'PX', ttl)\n"
	"if owner == ARGV[1] and token > 0 then return {1, token, 0} end\n"
	"return {owner and 2 or 3, redis.call('INCR', KEYS[2]), 0}\n";

/* The empty owner tells those who wait that they need not. */
static const char release_script[] = "if redis.call('GET', KEYS[1]) == ARGV[1] then\n"
				     "  redis.call('SET', KEYS[1], '', 'PX', ARGV[2])\n"
				     "end\n"
				     "return 1\n";

struct lease {
	struct lease_options options;
	struct bus_link *link;
	char owner[33], *key, *token_key;
	struct lease_term term;
	uv_timer_t timer; /* to the next question or change by itself; when closing, patience */
	bool asking, closing;
	uint64_t sent_ms;        /* the last question */
	char reason[REASON_MAX]; /* why there is no connection */

	bool any_news;
	struct lease_news news; /* the last, without its detail */
};

/* It goes on while the machine sleeps, as Redis's own clock does. */
static uint64_t clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

int64_t lease_token(const struct lease *l)
{
	return l->term.token;
}

const char *lease_objection(const struct lease *l)
{
	if (!bus_link_stands(l->link))
		return "without Redis nobody holds the lease";
	if (l->term.token == 0)
		return "Redis has not said yet who holds the lease";
	if (!l->term.ours)
		return "another process holds the lease";
	if (lease_term_holds(&l->term, clock_ms()))
		return NULL;
	return clock_ms() < l->term.from_ms ? "the last holder of the lease may still act"
					    : "the lease could not be renewed in time";
}

static void tell(struct lease *l)
{
	const char *objection = lease_objection(l);
	bool over = l->term.ours && clock_ms() >= l->term.until_ms;
	struct lease_news news = {
		.known = bus_link_ready(l->link) && l->term.token != 0 && !over,
		.ours = l->term.ours,
		.held = objection == NULL,
		.token = l->term.token,
	};

	if (l->any_news && l->news.known == news.known && l->news.ours == news.ours &&
	    l->news.held == news.held && l->news.token == news.token)
		return;
	l->any_news = true;
	l->news = news;
	news.detail = objection == NULL ? "this process holds the lease" : objection;
	if (!bus_link_ready(l->link) && l->reason[0] != '\0')
		news.detail = l->reason;
	l->options.on_change(&news, l->options.cookie);
}

/* Asking ------------------------------------------------------------------------------------- */

static void on_timer(uv_timer_t *timer);

static void wait_for(struct lease *l, uint64_t at_ms, uint64_t now_ms)
{
	uint64_t in_ms = at_ms > now_ms ? at_ms - now_ms : 0;

	uv_update_time(l->timer.loop);
	if (!uv_is_active((uv_handle_t *)&l->timer) || uv_timer_get_due_in(&l->timer) > in_ms)
		uv_timer_start(&l->timer, on_timer, in_ms, 0);
}

/* Be called again when there is something to ask, or when the answer changes by itself. */
static void arm(struct lease *l)
{
	uint64_t now_ms = clock_ms(), turn_ms = lease_term_turn_ms(&l->term, now_ms);

	uv_timer_stop(&l->timer);
	if (turn_ms > 0)
		wait_for(l, turn_ms, now_ms);
	if (bus_link_ready(l->link) && !l->asking)
		wait_for(l, lease_term_ask_ms(&l->term, l->sent_ms), now_ms);
}

/* False where it is no answer of the script's. */
static bool decode(const redisReply *reply, struct lease_answer *ret)
{
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 3)
		return false;
	for (size_t i = 0; i < reply->elements; i++)
		if (reply->element[i]->type != REDIS_REPLY_INTEGER ||
		    reply->element[i]->integer < 0)
			return false;
	if (reply->element[0]->integer >= LEASE_OUTCOMES)
		return false;
	*ret = (struct lease_answer){
		.outcome = (enum lease_outcome)reply->element[0]->integer,
		.token = reply->element[1]->integer,
		.left_ms = (uint64_t)reply->element[2]->integer,
	};
	return true;
}

static bool on_answer(redisReply *reply, void *cookie)
{
	struct lease *l = cookie;
	struct lease_answer answer;

	l->asking = false;
	if (l->closing)
		return false;
	if (decode(reply, &answer)) {
		lease_term_heard(&l->term, &answer, l->sent_ms, clock_ms());
		tell(l);
		arm(l);
	} else { /* which comes back by on_lost */
		bus_link_fail(l->link, reply->type == REDIS_REPLY_ERROR
					       ? reply->str
					       : "an answer that makes no sense");
	}
	return false;
}

static void eval(struct lease *l, const char *script, bus_link_reply *done)
{
	char ttl_ms[16];
	const char *argv[] = {"EVAL", script, "2", l->key, l->token_key, l->owner, ttl_ms};

	snprintf(ttl_ms, sizeof(ttl_ms), "%d", LEASE_TTL_MS);
	bus_link_send(l->link, done, l, 7, argv, NULL);
}

static void ask(struct lease *l)
{
	l->sent_ms = clock_ms();
	l->asking = true;
	eval(l, claim_script, on_answer);
}

static void on_timer(uv_timer_t *timer)
{
	struct lease *l = timer->data;

	tell(l);
	if (bus_link_ready(l->link) && !l->asking &&
	    clock_ms() >= lease_term_ask_ms(&l->term, l->sent_ms))
		ask(l);
	arm(l);
}

/* The connection ----------------------------------------------------------------------------- */

static void close_link(struct lease *l);

static void on_ready(void *cookie)
{
	struct lease *l = cookie;

	l->reason[0] = '\0';
	ask(l);
	arm(l);
}

static void on_lost(const char *reason, void *cookie)
{
	struct lease *l = cookie;

	if (l->closing) {
		close_link(l);
		return;
	}
	l->asking = false;
	snprintf(l->reason, sizeof(l->reason), "%s", reason);
	lease_term_cut(&l->term);
	tell(l);
	arm(l);
}

struct lease *lease_open(uv_loop_t *loop, const struct lease_options *o)
{
	struct lease *l = xcalloc(1, sizeof(*l));
	const struct bus_link_options link = {
		.host = o->host,
		.port = o->port,
		.username = o->username,
		.password = o->password,
		.on_ready = on_ready,
		.on_lost = on_lost,
		.cookie = l,
	};

	l->options = *o;
	l->key = xasprintf("agentic:lease:%s", o->name);
	l->token_key = xasprintf("agentic:lease:%s:token", o->name);
	bus_new_id(l->owner);
	uv_timer_init(loop, &l->timer);
	l->timer.data = l;
	l->link = bus_link_open(loop, &link);
	return l;
}

/* Closing ------------------------------------------------------------------------------------ */

static void on_timer_closed(uv_handle_t *timer)
{
	struct lease *l = timer->data;

	free(l->key);
	free(l->token_key);
	free(l);
}

static void on_link_closed(void *cookie)
{
	struct lease *l = cookie;

	uv_close((uv_handle_t *)&l->timer, on_timer_closed);
}

static void close_link(struct lease *l)
{
	uv_timer_stop(&l->timer);
	bus_link_close(l->link, on_link_closed);
}

static bool on_released(redisReply *reply, void *cookie)
{
	(void)reply;
	close_link(cookie);
	return false;
}

static void on_patience_over(uv_timer_t *timer)
{
	close_link(timer->data);
}

void lease_close(struct lease *l)
{
	l->closing = true;
	if (!bus_link_ready(l->link)) {
		close_link(l);
		return;
	}
	uv_timer_start(&l->timer, on_patience_over, LEASE_CLOSE_MS, 0);
	eval(l, release_script, on_released);
}
