/* Shell. libcurl's multi interface on a libuv loop: its descriptors on uv_poll, its clock on
 * uv_timer. What the transfers are is http_client's affair. */
#ifndef COMMON_CURL_LOOP_H
#define COMMON_CURL_LOOP_H

#include <curl/curl.h>
#include <uv.h>

struct curl_loop;

/* libcurl was entered and left again, with result ${code}: transfers may have ended.  Called from
 * the top of a libuv callback, where libcurl may be entered again. */
typedef void curl_loop_progress(CURLMcode code, void *cookie);

/* 0, or -ENOMEM. */
int curl_loop_open(uv_loop_t *, curl_loop_progress *, void *cookie, struct curl_loop **ret);

/* The handle to add transfers to and to read their ends from. */
CURLM *curl_loop_multi(const struct curl_loop *);

/* Make ${easy} close its descriptors through the loop.  Every transfer needs this before it is
 * added. */
void curl_loop_adopt(struct curl_loop *, CURL *easy);

/* Close every connection; no transfer may be left.  Not from inside libcurl.  Gone when its libuv
 * handles have closed. */
void curl_loop_close(struct curl_loop *);

#endif
