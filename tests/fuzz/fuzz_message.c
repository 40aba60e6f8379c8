/* Shell. Fuzz target: one text on each of the channels in turn.  What a decoder takes means what
 * the text says, and stays the same however often it is encoded and decoded; what it refuses, it
 * refuses with a sentence. */
#include "tests/fuzz/fuzz.h"
#include "tests/unit/message_samples.h"

#define ROUNDING 0.000501 /* three decimals are told at least */

static const struct {
	recoder *recode;
	bool other_kinds; /* are no fault */
} channels[] = {
	{recode_alert, false},  {recode_plan, true},       {recode_results, false},
	{recode_advice, false}, {recode_heartbeat, false},
};

/* Whether text for people may be told as it is. */
static bool is_tellable(const char *text)
{
	size_t len = strlen(text);

	/* C1 controls begin with that byte */
	return len < MESSAGE_TEXT_MAX && fuzz_is_text(text, len + 1) && !strchr(text, '\xc2');
}

/* What is told of something that was not. */
static bool is_default(const cJSON *told)
{
	const cJSON *child;

	if (cJSON_IsNumber(told))
		return told->valuedouble == 0 || told->valuedouble == 1;
	if (cJSON_IsBool(told))
		return cJSON_IsFalse(told);
	if (cJSON_IsString(told))
		return !told->valuestring[0] || !strcmp(told->valuestring, "fallback");
	cJSON_ArrayForEach (child, told) {
		if (!is_default(child))
			return false;
	}
	return cJSON_IsArray(told) || cJSON_IsObject(told);
}

static void check_same(const cJSON *heard, const cJSON *told);

static void check_array(const cJSON *heard, const cJSON *told)
{
	must(cJSON_IsArray(heard) && cJSON_GetArraySize(heard) == cJSON_GetArraySize(told));
	heard = heard->child;
	for (const cJSON *item = told->child; item; item = item->next, heard = heard->next)
		check_same(heard, item);
}

/* Whether ${told}, of ${message}, is for people and not looked into. */
static bool is_free(const cJSON *message, const cJSON *told)
{
	const char *kind = json_str(message, "kind");

	return kind && !strcmp(kind, "plan") &&
	       (!strcmp(told->string, "explain") || !strcmp(told->string, "advisor"));
}

/* cJSON_Compare takes twice as long with each level. */
static void check_verbatim(const cJSON *heard, const cJSON *told)
{
	char *was = json_print(heard), *is = json_print(told);

	must(!strcmp(was, is));
	free(was);
	free(is);
}

static void check_object(const cJSON *heard, const cJSON *told)
{
	const cJSON *member;

	must(cJSON_IsObject(heard));
	cJSON_ArrayForEach (member, told) {
		const cJSON *was = json_get(heard, member->string);

		/* The predecessor's name of decision.target, which wins. */
		if (!strcmp(member->string, "container") &&
		    json_item_present(json_path(heard, "decision", "target", NULL)))
			was = json_path(heard, "decision", "target", NULL);
		if (!strcmp(member->string, "target") && !json_item_present(was))
			continue; /* as the container, or the default */
		if (!json_item_present(was))
			must(is_default(member));
		else if (is_free(told, member))
			check_verbatim(was, member);
		else
			check_same(was, member);
	}
}

static void check_same(const cJSON *heard, const cJSON *told)
{
	if (cJSON_IsNumber(told)) {
		must(cJSON_IsNumber(heard));
		must(fabs(heard->valuedouble - told->valuedouble) <=
		     ROUNDING + fabs(heard->valuedouble) * 1e-12);
	} else if (cJSON_IsString(told)) {
		must(cJSON_IsString(heard));
		must(fuzz_is_text(told->valuestring, strlen(told->valuestring) + 1));
		if (is_tellable(heard->valuestring))
			must(!strcmp(heard->valuestring, told->valuestring));
	} else if (cJSON_IsArray(told)) {
		check_array(heard, told);
	} else if (cJSON_IsObject(told)) {
		check_object(heard, told);
	} else {
		must(cJSON_IsBool(told) && heard->type == told->type);
	}
}

static void check_told(const char *text, size_t size, const char *told)
{
	cJSON *heard, *root;

	must(json_parse(text, size, &heard) == 0);
	must(json_parse(told, strlen(told), &root) == 0);
	check_object(heard, root);
	cJSON_Delete(heard);
	cJSON_Delete(root);
}

static void try_channel(const char *text, size_t size, recoder *recode, bool other_kinds)
{
	struct message_error error;
	char *told, *again;

	memset(&error, 0xa5, sizeof(error));
	int err = recode(text, size, &told, &error);
	if (err) {
		must(err == -EBADMSG || (err == -ENOMSG && other_kinds));
		must(fuzz_is_text(error.text, sizeof(error.text)) && error.text[0]);
		return;
	}
	check_told(text, size, told);
	if (strlen(told) <= MESSAGE_BYTES_MAX) {
		must(recode(told, strlen(told), &again, &error) == 0);
		must(!strcmp(told, again));
		free(again);
	}
	free(told);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_copy(data, size, false);

	mem_init();
	for (size_t i = 0; i < N(channels); i++)
		try_channel(text, size, channels[i].recode, channels[i].other_kinds);
	free(text);
	return 0;
}
