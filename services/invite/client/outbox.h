// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <utility>

#include "absl/time/time.h"
#include "services/invite/client/courier.h"

namespace guestpass::invite {

// Where mail waits that goes out after its caller was answered. Thread-safe.
class Outbox {
 public:
  virtual ~Outbox() = default;

  // Room for one mail, kept free until it is used or gone. Movable; for one thread; the outbox outlives it.
  class Place {
   public:
    explicit Place(Outbox& outbox) : outbox_(&outbox) {}
    Place(Place&& other) noexcept : outbox_(std::exchange(other.outbox_, nullptr)) {}
    Place& operator=(Place&&) = delete;
    ~Place() {
      if (outbox_ != nullptr) outbox_->GiveBack();
    }

    // Has the mail sent, some time; uses the place up. Its invite is in delivery of that generation, under
    // lease().
    void Put(Invitation invitation) && { std::exchange(outbox_, nullptr)->Put(std::move(invitation)); }

   private:
    Outbox* outbox_;
  };

  // A place, or nothing where all are taken.
  virtual std::optional<Place> TakePlace() = 0;

  // The lease that an invite is stored with whose mail is put here; it is renewed while the mail waits.
  virtual absl::Duration lease() const = 0;

 private:
  virtual void GiveBack() = 0;
  virtual void Put(Invitation invitation) = 0;
};

}  // namespace guestpass::invite
