// Attachment: one object of any type that hangs on something and dies with it.
// The language's own type tag tells what it is. A pointer's size.
//
// Threads: as the object.
//
//   Attachment attached;
//   attached.Emplace<Player>("Xiao Wang");
//   if (Player* player = attached.Get<Player>(); player != nullptr) ...
#ifndef KINGPIN_HTTP_ATTACHMENT_H_
#define KINGPIN_HTTP_ATTACHMENT_H_

#include <memory>
#include <utility>

namespace kingpin::http {

class Attachment {
 public:
  // In place of what was there.
  template <typename T, typename... Args>
  T& Emplace(Args&&... args) {
    auto holder = std::make_unique<Holder<T>>(std::forward<Args>(args)...);
    T& object = holder->object;
    holder_ = std::move(holder);
    return object;
  }
  // Null: nothing, or of another type.
  template <typename T>
  T* Get() const {
    auto* found = dynamic_cast<Holder<T>*>(holder_.get());
    return found == nullptr ? nullptr : &found->object;
  }
  bool empty() const { return holder_ == nullptr; }
  void Reset() { holder_.reset(); }

 private:
  struct AnyHolder {
    virtual ~AnyHolder() = default;
  };
  template <typename T>
  struct Holder final : AnyHolder {
    template <typename... Args>
    explicit Holder(Args&&... args) : object(std::forward<Args>(args)...) {}
    T object;
  };

  std::unique_ptr<AnyHolder> holder_;
};

}  // namespace kingpin::http

#endif  // KINGPIN_HTTP_ATTACHMENT_H_
