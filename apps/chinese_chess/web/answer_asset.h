// Answers requests for the files of the browser client.
//
// Browsers may keep them but ask each time whether they are still the same, which costs
// an empty 304: so a new server never meets half of an old page. The policy that goes
// with them allows what comes from the same origin and nothing else; no other page may
// frame them. Who takes gzip gets what the build has compressed.
//
// Threads: the handler's.
//
//   void OnRequest(Connection& connection, const http::Request& request) override {
//     if (AnswerAsset(*this, connection, request)) return;
//     AnswerError(connection, http::HttpStatus::kNotFound);
//   }
#ifndef APPS_CHINESE_CHESS_WEB_ANSWER_ASSET_H_
#define APPS_CHINESE_CHESS_WEB_ANSWER_ASSET_H_

#include "kingpin/http/http_handler.h"
#include "kingpin/http/request_parser.h"
#include "kingpin/net/connection.h"

namespace chinese_chess {

// False, and nothing is answered: there is no such file. Methods other than GET and HEAD
// get 405.
bool AnswerAsset(kingpin::http::HttpHandler& handler,
                 kingpin::Connection& connection,
                 const kingpin::http::Request& request);

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_WEB_ANSWER_ASSET_H_
