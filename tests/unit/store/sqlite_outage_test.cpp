// SPDX-License-Identifier: Apache-2.0
#include "common/store/sqlite/outage.hpp"
#include "tests/support/catch.hpp"

using namespace holdfast;
using holdfast::store::sqlite::Outage;

namespace {

Error error_of(ErrorKind kind) {
  return Error{kind, "because", 0};
}

}  // namespace

TEST_CASE("a database is tried by one write at the start, and then as long as it is out") {
  Outage outage;
  CHECK_FALSE(outage.present());
  REQUIRE(outage.begin_probe());
  CHECK_FALSE(outage.begin_probe());  // one at a time
  outage.written();
  outage.probed(true);
  CHECK_FALSE(outage.begin_probe());

  outage.write_failed(error_of(ErrorKind::ResourceExhausted));
  REQUIRE(outage.present());
  CHECK(outage.present()->kind == ErrorKind::ResourceExhausted);
  REQUIRE(outage.begin_probe());
  outage.write_failed(error_of(ErrorKind::ResourceExhausted));
  outage.probed(false);
  REQUIRE(outage.present());
  REQUIRE(outage.begin_probe());
  outage.written();
  outage.probed(true);
  CHECK_FALSE(outage.present());
}

TEST_CASE("any write ends an outage but that of a full disk, which the one that is tried ends") {
  struct Row {
    ErrorKind kind;
    bool ended;
  };
  const Row row =
      GENERATE(Row{ErrorKind::Unavailable, true}, Row{ErrorKind::PermissionDenied, true},
               Row{ErrorKind::ResourceExhausted, false}, Row{ErrorKind::DataLoss, false});
  Outage outage;
  outage.write_failed(error_of(row.kind));
  outage.written();  // a small one may find room where no document does
  CHECK(outage.present().has_value() != row.ended);
}

TEST_CASE("what is damaged stays so, and is not written to in order to find out") {
  Outage outage;
  outage.written();
  outage.read_failed(error_of(ErrorKind::DataLoss));
  REQUIRE(outage.present());
  CHECK_FALSE(outage.begin_probe());
  outage.write_failed(error_of(ErrorKind::ResourceExhausted));
  outage.written();
  REQUIRE(outage.present());
  CHECK(outage.present()->kind == ErrorKind::DataLoss);
}

TEST_CASE("what is wrong with one request is no outage") {
  Outage outage;
  outage.written();
  for (const ErrorKind kind : {ErrorKind::InvalidArgument, ErrorKind::NotFound, ErrorKind::Conflict,
                               ErrorKind::DeadlineExceeded, ErrorKind::Internal}) {
    outage.write_failed(error_of(kind));
    outage.read_failed(error_of(kind));
  }
  outage.read_failed(error_of(ErrorKind::Unavailable));  // a look at the database shows that, too
  CHECK_FALSE(outage.present());
}
