/* Pure. Tokens grow by one each time the lease is taken, whoever takes it. */
#include "executor/tenure.h"

/* Taken again by the one that had it last; or the first one of a Redis that came back empty. */
static bool in_a_row(int64_t before, int64_t now)
{
	return now == before || now == before + 1 || now == 1;
}

enum tenure_turn tenure_hear(struct tenure *t, const struct lease_news *news)
{
	int64_t before = t->token;

	if (!news->known || (news->ours && !news->held))
		return TENURE_GOES_ON; /* suspended at most */
	t->token = news->held ? news->token : 0;
	if (before == 0)
		return news->held ? TENURE_BEGINS : TENURE_GOES_ON;
	if (!news->held)
		return TENURE_ENDS;
	return in_a_row(before, t->token) ? TENURE_GOES_ON : TENURE_RENEWS;
}

bool tenure_overtaken(int64_t lease, int64_t token)
{
	return lease > 0 && lease < token;
}
