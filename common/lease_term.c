/* Pure. Answers in, a span of time out. */
#include "common/lease_term.h"

static void take(struct lease_term *t, uint64_t from_ms, uint64_t sent_ms)
{
	t->ours = true;
	t->from_ms = from_ms;
	t->until_ms = sent_ms + LEASE_TTL_MS - LEASE_MARGIN_MS;
}

void lease_term_heard(struct lease_term *t, const struct lease_answer *answer, uint64_t sent_ms,
		      uint64_t heard_ms)
{
	t->token = answer->token;
	switch (answer->outcome) {
	case LEASE_OTHERS:
		t->ours = false;
		if (t->other_until_ms < heard_ms + answer->left_ms)
			t->other_until_ms = heard_ms + answer->left_ms;
		break;
	case LEASE_RENEWED: /* perhaps still in the time that belongs to the last holder */
		take(t, t->from_ms, sent_ms);
		break;
	case LEASE_HANDED:
		t->other_until_ms = 0;
		take(t, sent_ms, sent_ms);
		break;
	case LEASE_FREE: /* too early, where a clock was set or Redis came back empty */
		take(t, t->other_until_ms > sent_ms ? t->other_until_ms : sent_ms, sent_ms);
		break;
	}
}

void lease_term_cut(struct lease_term *t)
{
	t->ours = false;
	t->token = 0;
}

bool lease_term_holds(const struct lease_term *t, uint64_t now_ms)
{
	return t->ours && now_ms >= t->from_ms && now_ms < t->until_ms;
}

uint64_t lease_term_ask_ms(const struct lease_term *t, uint64_t sent_ms)
{
	uint64_t watch_ms = sent_ms + LEASE_WATCH_MS;

	if (t->ours)
		return sent_ms + LEASE_RENEW_MS;
	/* Just after the key has ended, if that comes first. */
	return t->other_until_ms > sent_ms && t->other_until_ms < watch_ms ? t->other_until_ms + 1
									   : watch_ms;
}

uint64_t lease_term_turn_ms(const struct lease_term *t, uint64_t now_ms)
{
	if (!t->ours || now_ms >= t->until_ms)
		return 0;
	return now_ms < t->from_ms ? t->from_ms : t->until_ms;
}
