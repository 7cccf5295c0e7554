// SPDX-License-Identifier: Apache-2.0
// A request body as JSON and as a document. First line of the input: the content type; the rest is
// the body. What is accepted is text that the store and the answer can hold; what is refused is
// refused with a reason that is itself valid JSON text.
#include "api-worker/edge/json_input.hpp"
#include "api-worker/handlers/document_input.hpp"
#include "common/text/utf8.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace holdfast;
using namespace holdfast::api;
using fuzz::require;

namespace {

bool is_text(std::string_view text) {
  return text::find_invalid_utf8(text) == std::string_view::npos;
}

void check_problem(const ProblemDetails& problem) {
  require(problem.status >= 400 && problem.status < 500, "bad input is the client's");
  require(!problem.detail.empty(), "a problem has a reason");
  for (const FieldError& error : problem.errors)
    require(is_text(error.pointer) && !error.detail.empty(), "a field's problem says where");
}

void check_document(const store::NewDocument& document) {
  for (const std::string& text : {document.title, document.content, document.metadata}) {
    require(is_text(text), "what is stored is UTF-8");
    require(text.find('\0') == std::string::npos, "what is stored has no NUL");
  }
  require(!document.content.empty(), "a document has content");
  require(text::count_code_points(document.title) <= kMaxTitleCharacters, "a title is bounded");
  require(document.metadata.size() <= kMaxMetadataBytes, "metadata are bounded");
  if (!document.metadata.empty()) {
    require(nlohmann::json::parse(document.metadata).is_object(), "metadata are an object");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest = fuzz::text_of(data, size);
  http::Request request;
  request.method = "POST";
  request.target = request.path = "/api/documents";
  request.headers.add("Content-Type", fuzz::take_line(rest));
  charset(request);
  const auto document = parse_document(request, std::string(rest));
  if (document) {
    check_document(*document);
  } else {
    check_problem(document.error());
  }
  request.headers.set("Content-Type", "application/json");
  const auto json = parse_json_object(request, rest);
  if (json) {
    require(json->is_object(), "the body is one object");
    for (const auto& [name, value] : json->items())
      require(is_text(pointer_to(name)), "a name makes a pointer");
  } else {
    check_problem(json.error());
  }
  return 0;
}
