// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <libpq-fe.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace guestpass::postgres {

// What one statement gave back: rows, in text format, or a count. Owns them; a view that Text() gives lives
// as long as the Result. Rows and columns count from 0. Movable; for one thread at a time.
//
// A reader of a NULL gives its type's empty value: 0, "", false, {}, no id; a time gives the infinite future.
// Asking for a type that the column is not is a fault of the statement's author and gives an empty value too.
class Result {
 public:
  explicit Result(PGresult* result) : result_(result) {}

  int rows() const { return PQntuples(result_.get()); }

  // Rows inserted, changed, deleted or selected.
  int64_t affected() const;

  bool IsNull(int row, int col) const { return PQgetisnull(result_.get(), row, col) == 1; }
  absl::string_view Text(int row, int col) const;
  int64_t Int64(int row, int col) const;
  bool Bool(int row, int col) const;

  // A bytea.
  std::string Bytes(int row, int col) const;

  // A bigint of microseconds since 1970.
  absl::Time Time(int row, int col) const;

  // A text[] or a bigint[] of one dimension. An element that is NULL is "" or 0.
  std::vector<std::string> TextArray(int row, int col) const;
  std::vector<int64_t> Int64Array(int row, int col) const;

  // A text that is a guestpass::Id: As<UserId>(row, col). No id for what is none.
  template <typename IdType>
  IdType As(int row, int col) const {
    return IdType::Parse(Text(row, col)).value_or(IdType());
  }

 private:
  struct Clear {
    void operator()(PGresult* result) const { PQclear(result); }
  };

  std::unique_ptr<PGresult, Clear> result_;
};

}  // namespace guestpass::postgres
