/* Shell. One question to the advisor. */
#include "planner/ask.h"

#include "common/http_client.h"
#include "common/mem.h"

#include <stdlib.h>
#include <string.h>

struct asker {
	const struct advisor_config *config;
	struct http_client *http;
	asker_done *done; /* of the question that is out */
	void *cookie;
};

int asker_open(uv_loop_t *loop, const struct advisor_config *config, struct asker **ret)
{
	struct asker *asker = xcalloc(1, sizeof(*asker));
	int err = http_client_open(loop, &asker->http);

	if (err) {
		free(asker);
		return err;
	}
	asker->config = config;
	*ret = asker;
	return 0;
}

void asker_close(struct asker *asker)
{
	if (!asker)
		return;
	http_client_close(asker->http);
	free(asker);
}

static void on_reply(const struct http_result *result, void *cookie)
{
	struct asker *asker = cookie;
	struct llm_answer answer;

	llm_read((enum llm_provider)asker->config->provider, result, asker->config->key, &answer);
	asker->done(&answer, result->total_ms, asker->cookie);
}

void asker_ask(struct asker *asker, const char *model, const struct llm_question *question,
	       asker_done *done, void *cookie)
{
	const struct advisor_config *config = asker->config;
	enum llm_provider provider = (enum llm_provider)config->provider;
	char *url = llm_url(provider, config->url, model);
	char *body = llm_request(provider, model, question);
	char *key = llm_key_header(provider, config->key);
	uint64_t timeout_ms = (uint64_t)(config->timeout_sec * 1000);

	asker->done = done;
	asker->cookie = cookie;
	http_call_start(
		asker->http,
		&(struct http_call_options){
			.method = "POST",
			.url = url,
			.headers = (const char *[]){"Content-Type: application/json", key, NULL},
			.body = body,
			.body_len = strlen(body),
			.timeout_ms = timeout_ms,
			.connect_timeout_ms = timeout_ms,
			.body_max = LLM_REPLY_MAX,
			.fresh_connection = true, /* minutes later the last one is stale */
		},
		on_reply, asker);

	if (key)
		explicit_bzero(key, strlen(key));
	free(key);
	free(body);
	free(url);
}
