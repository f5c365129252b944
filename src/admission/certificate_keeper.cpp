#include "admission/certificate_keeper.hpp"

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "base/base64.hpp"

namespace metallb::admission {
namespace {

constexpr std::chrono::hours kLookAgain{12};
/// How long after a write the watch may take to bring it.
constexpr std::chrono::seconds kUntilSeen{30};

boost::json::object entries(const Certificates& certificates) {
  return {{"ca.crt", encode_base64(certificates.authority)},
          {"ca.key", encode_base64(certificates.authority_key)},
          {"tls.crt", encode_base64(certificates.server)},
          {"tls.key", encode_base64(certificates.server_key)}};
}

}  // namespace

void CertificateKeeper::on_input(Now now, const Input& in, Output& out) {
  std::visit([&](const auto& input) { take(now, input, out); }, in);
}

SteadyPoint CertificateKeeper::next_deadline() const {
  auto next = due_;
  for (const auto& holder : holders_) next = std::min(next, holder.retry);
  return next;
}

void CertificateKeeper::on_time(Now now, Output& out) {
  for (auto& holder : holders_) {
    if (holder.retry > now.steady) continue;
    holder.retry = kIdle;
    holder.stale = true;
  }
  if (due_ <= now.steady) return decide(now, out);
  inject(out);
}

void CertificateKeeper::take(Now now, const SecretSeen& in, Output& out) {
  known_ = true;
  secret_ = in;
  decide(now, out);
}

void CertificateKeeper::take(Now now, const SecretMissing&, Output& out) {
  known_ = true;
  secret_.reset();
  decide(now, out);
}

void CertificateKeeper::take(Now now, const Made& in, Output& out) {
  if (doing_ != Doing::kMaking) return;
  doing_ = Doing::kNothing;
  if (!in.result) {
    log_.error({{"op", "certificates"}, {"error", in.result.error()}, {"msg", "cannot make certificates, trying again"}});
    due_ = now.steady + pause_.next();
    return;
  }
  // Somebody else may have been quicker.
  if (basis_ != (secret_ ? secret_->resource_version : std::string())) return decide(now, out);
  write(*in.result, out);
}

void CertificateKeeper::take(Now now, const kube::WriteDone& in, Output& out) {
  if (doing_ != Doing::kWriting) return;
  doing_ = Doing::kNothing;
  using Reason = kube::WriteError::Reason;
  if (in.result) {
    pause_.reset();
    log_.info({{"op", "certificates"}, {"secret", options_.secret.to_string()}, {"msg", "wrote new certificates"}});
    due_ = now.steady + kUntilSeen;
  } else if (const auto reason = in.result.error().reason;
             reason == Reason::kConflict || reason == Reason::kAlreadyExists || reason == Reason::kNotFound) {
    log_.info({{"op", "certificates"},
               {"secret", options_.secret.to_string()},
               {"msg", "the secret was changed by somebody else meanwhile: using what it holds now"}});
    due_ = now.steady + pause_.next();
  } else {
    log_.error({{"op", "certificates"},
                {"secret", options_.secret.to_string()},
                {"error", in.result.error().message},
                {"msg", "cannot write the certificates, trying again"}});
    due_ = now.steady + pause_.next();
  }
  // What the watch has brought while the write was under way.
  if (basis_ != (secret_ ? secret_->resource_version : std::string())) decide(now, out);
}

void CertificateKeeper::take(Now, const HolderSeen& in, Output& out) {
  of(in.holder).stale = true;
  inject(out);
}

void CertificateKeeper::take(Now now, const Injected& in, Output& out) {
  auto& holder = of(in.holder);
  holder.busy = false;
  if (in.result) {
    holder.pause.reset();
  } else {
    log_.warn({{"op", "certificates"},
               {"name", name_of(in.holder)},
               {"error", in.result.error()},
               {"msg", "cannot tell the API server the webhooks' authority, trying again"}});
    holder.retry = now.steady + holder.pause.next();
  }
  inject(out);
}

void CertificateKeeper::decide(Now now, Output& out) {
  due_ = now.steady + kLookAgain;
  if (!known_) return;
  const auto facts = secret_ ? secret_->facts : SecretFacts();
  const auto plan = plan_certificates(facts, options_.server_name, now.wall);
  if (secret_ && can_serve(facts, now.wall) && served_ != secret_->content.server + secret_->content.server_key) {
    served_ = secret_->content.server + secret_->content.server_key;
    out.emplace_back(Serve{.certificate = secret_->content.server, .key = secret_->content.server_key});
  }
  if (plan.renewal != Renewal::kEverything) {
    // Also when it is the same: every twelve hours the holders are looked at as well.
    authority_ = secret_->content.authority;
    for (auto& holder : holders_) holder.stale = true;
  }
  inject(out);
  if (plan.renewal == Renewal::kNothing || doing_ != Doing::kNothing) return;
  log_.info({{"op", "certificates"},
             {"secret", options_.secret.to_string()},
             {"reason", plan.reason},
             {"msg", plan.renewal == Renewal::kServer ? "making a new server certificate for the webhooks"
                                                      : "making a new authority and server certificate for the webhooks"}});
  doing_ = Doing::kMaking;
  basis_ = secret_ ? secret_->resource_version : std::string();
  out.emplace_back(Make{
      .renewal = plan.renewal, .server_name = options_.server_name, .current = secret_ ? secret_->content : Certificates()});
}

void CertificateKeeper::inject(Output& out) {
  if (authority_.empty()) return;
  for (const auto which : kBundleHolders) {
    auto& holder = of(which);
    if (!holder.stale || holder.busy) continue;
    holder.stale = false;
    holder.busy = true;
    holder.retry = kIdle;
    out.emplace_back(Inject{.holder = which, .authority = authority_});
  }
}

void CertificateKeeper::write(const Certificates& made, Output& out) {
  doing_ = Doing::kWriting;
  boost::json::object metadata{{"name", options_.secret.name}, {"namespace", options_.secret.namespace_}};
  boost::json::object body{{"data", entries(made)}};
  if (basis_.empty()) {
    body["apiVersion"] = "v1";
    body["kind"] = "Secret";
    body["type"] = "Opaque";
  } else {
    metadata["resourceVersion"] = basis_;  // the server refuses the patch when it is another one by now
  }
  body["metadata"] = std::move(metadata);
  out.emplace_back(kube::Write{.id = ActionId(++writes_),
                               .verb = basis_.empty() ? kube::Verb::kCreate : kube::Verb::kMergePatch,
                               .resource = &kube::resource_of<kube::Secret>(),
                               .key = options_.secret,
                               .subresource = {},
                               .body = boost::json::serialize(body),
                               .uid = {}});
}

}  // namespace metallb::admission
