/* Pure. What a recorded service cost, what a fixed number of replicas would have cost. */
#include "replay/bill.h"

#include "common/json.h"
#include "common/mem.h"
#include "common/utc.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DAY_SEC  86400
#define HOUR_SEC 3600
#define DAY_LEN  10 /* of "2026-11-23 23:01:02" */
#define UNDATED  (-1)

void bill_init(struct bill *bill)
{
	*bill = (struct bill){.days = xcalloc(BILL_DAYS_MAX, sizeof(*bill->days))};
}

void bill_free(struct bill *bill)
{
	free(bill->days);
	bill->days = NULL;
}

/* The row of ${day}, which is nearly always the last; NULL when there are too many. */
static struct bill_day *find_day(struct bill *bill, long day)
{
	size_t at = bill->days_n;

	while (at > 0 && bill->days[at - 1].day > day)
		at--;
	if (at > 0 && bill->days[at - 1].day == day)
		return &bill->days[at - 1];
	if (bill->days_n == BILL_DAYS_MAX)
		return NULL;
	memmove(&bill->days[at + 1], &bill->days[at],
		(bill->days_n++ - at) * sizeof(bill->days[0]));
	bill->days[at] = (struct bill_day){.day = day};
	return &bill->days[at];
}

void bill_add(struct bill *bill, const struct policy_config *config,
	      const struct backtest_window *w)
{
	const struct message_alert *alert = w->alert;
	const struct policy_decision *decision = &w->decided->decision;
	long when = isnan(alert->ts) ? UNDATED : (long)(alert->ts / DAY_SEC);
	struct bill_day *day = isnan(alert->window_sec) ? NULL : find_day(bill, when);

	if (!day) {
		bill->passed_over++;
		return;
	}
	day->window_sec += alert->window_sec;
	day->replica_sec += alert->window_sec * alert->replicas;
	day->fixed_sec += alert->window_sec * config->max_replicas;
	if (decision->over_slo)
		day->lost++;
	else if (isnan(decision->slo_ms))
		day->open++;
	else
		day->kept++;
}

struct bill_day bill_total(const struct bill *bill)
{
	struct bill_day total = {0};

	for (size_t i = 0; i < bill->days_n; i++) {
		const struct bill_day *d = &bill->days[i];
		total.window_sec += d->window_sec;
		total.replica_sec += d->replica_sec;
		total.fixed_sec += d->fixed_sec;
		total.kept += d->kept;
		total.lost += d->lost;
		total.open += d->open;
	}
	return total;
}

static void day_text(long day, char ret[UTC_TEXT_MAX])
{
	bool dated = day != UNDATED && utc_text((double)day * DAY_SEC, ret);

	if (!dated)
		ret[0] = '-';
	ret[dated ? DAY_LEN : 1] = '\0';
}

/* --- for people ------------------------------------------------------------------------------- */

static void add_line(const char *label, const struct bill_day *d, double price, struct buf *out)
{
	double hours = d->replica_sec / HOUR_SEC, fixed = d->fixed_sec / HOUR_SEC;

	buf_printf(out, "%-10s %8.2f %10.2f %10.2f %10.2f %10.2f %9zu %8zu %8zu\n", label,
		   d->window_sec / HOUR_SEC, hours, hours * price, fixed * price,
		   (fixed - hours) * price, d->kept, d->lost, d->open);
}

void bill_text(const struct bill *bill, double price, int max_replicas, struct buf *out)
{
	struct bill_day total = bill_total(bill);
	char day[UTC_TEXT_MAX];

	buf_printf(out, "%-10s %8s %10s %10s %10s %10s %9s %8s %8s\n", "day (UTC)", "hours",
		   "replica-h", "cost", "fixed MAX", "saved", "SLO kept", "lost", "none yet");
	for (size_t i = 0; i < bill->days_n; i++) {
		day_text(bill->days[i].day, day);
		add_line(day, &bill->days[i], price, out);
	}
	add_line("total", &total, price, out);
	buf_printf(out,
		   "At %g for an hour of a replica; fixed MAX is %d replicas all the time.  Hours "
		   "are those\nof recorded windows.\n",
		   price, max_replicas);
	if (bill->passed_over > 0)
		buf_printf(out, "%zu windows of no known length or day are not in it.\n",
			   bill->passed_over);
}

/* --- for programs ----------------------------------------------------------------------------- */

static void add_figures(cJSON *o, const struct bill_day *d, double price)
{
	double hours = d->replica_sec / HOUR_SEC, fixed = d->fixed_sec / HOUR_SEC;
	const struct {
		const char *name;
		double value;
	} figures[] = {
		{"hours", d->window_sec / HOUR_SEC},
		{"replica_hours", hours},
		{"cost", hours * price},
		{"fixed_replica_hours", fixed},
		{"fixed_cost", fixed * price},
		{"saved", (fixed - hours) * price},
		{"slo_kept", (double)d->kept},
		{"slo_lost", (double)d->lost},
		{"slo_open", (double)d->open},
	};

	for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++)
		json_add_round(o, figures[i].name, figures[i].value, 6);
}

void bill_json(const struct bill *bill, double price, int max_replicas, struct buf *out)
{
	struct bill_day total = bill_total(bill);
	cJSON *root = cJSON_CreateObject();

	json_add_num(root, "price", price);
	cJSON_AddNumberToObject(root, "max_replicas", max_replicas);
	cJSON *days = cJSON_AddArrayToObject(root, "days");
	for (size_t i = 0; i < bill->days_n; i++) {
		cJSON *day = cJSON_CreateObject();
		char text[UTC_TEXT_MAX];
		day_text(bill->days[i].day, text);
		cJSON_AddStringToObject(day, "day", text);
		add_figures(day, &bill->days[i], price);
		cJSON_AddItemToArray(days, day);
	}
	add_figures(cJSON_AddObjectToObject(root, "total"), &total, price);
	cJSON_AddNumberToObject(root, "passed_over", (double)bill->passed_over);
	char *text = json_print(root);

	buf_puts(out, text);
	buf_puts(out, "\n");
	free(text);
	cJSON_Delete(root);
}
