// SPDX-License-Identifier: Apache-2.0
#pragma once

// How good a search is: nDCG@10 and recall@10 (Järvelin and Kekäläinen, "Cumulated gain-based
// evaluation of IR techniques", 2002) for the queries of queries.tsv on the texts of documents.tsv,
// by kind of query. LICENSES.md says where the texts come from, make_queries.py what answers a
// query.

#include "common/store/store.hpp"

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace holdfast::search_quality {

struct TestDocument {
  std::string title;
  std::string text;
};

struct TestQuery {
  std::string kind;
  std::string text;
  std::set<std::size_t> relevant;  // places in documents
};

struct Collection {
  std::vector<TestDocument> documents;
  std::vector<TestQuery> queries;
};
Collection load();

struct Quality {
  double ndcg = 0;    // of 10, the mean of all queries
  double recall = 0;  // of 10, of at most 10
  int queries = 0;
};
using QualityByKind = std::map<std::string, Quality>;  // with "all"

// The documents that an engine finds, best first; the first 10 count.
using Engine = std::function<std::vector<std::size_t>(const std::string& query)>;
QualityByKind measure(const Collection& collection, const Engine& engine);

// Stores, embeds and indexes the collection, as the workers do.
void fill(store::Store& store, const Collection& collection);
// Searches as the API does.
Engine holdfast_engine(store::Store& store);
// The cosines of the same vectors by themselves.
Engine plain_vectors(const Collection& collection);

// The kinds of query for which `ours` is not better than `other`, with the figures. Where the other
// is perfect, as good will do.
std::vector<std::string> not_better(const QualityByKind& ours, const QualityByKind& other);

// A table in Markdown: one row per kind, nDCG / recall of each engine.
std::string table(const std::vector<std::pair<std::string, QualityByKind>>& engines);

}  // namespace holdfast::search_quality
