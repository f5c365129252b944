#include "gossip/served_streams.hpp"

#include <algorithm>
#include <utility>

namespace metallb::gossip {

void ServedStreams::accepted(SteadyPoint now, StreamId stream, const Endpoint& from, Output& out) {
  if (streams_.size() >= kMost) {
    ++counters_.streams_refused;
    complain(now, from, "too many connections at a time");
    out.emplace_back(CloseStream{stream});
    return;
  }
  ++counters_.streams_accepted;
  streams_.try_emplace(stream, Served{from, postman_.reader(), now + settings_.tcp_timeout});
}

void ServedStreams::received(SteadyPoint now, StreamId stream, ByteView data, Output& out) {
  const auto it = streams_.find(stream);
  if (it == streams_.end() || it->second.answered) return;
  auto& served = it->second;
  held_ -= served.reader.held();
  postman_.read(served.reader, data);
  held_ += served.reader.held();
  if (held_ > kMostHeld) {
    ++counters_.streams_refused;
    complain(now, served.from, "too much unfinished data in all connections");
    return close(stream, out);
  }
  if (!served.reader.done()) return;
  // What was read is let go with this call: the connection may stay open until its deadline.
  held_ -= served.reader.held();
  const auto reader = std::exchange(served.reader, postman_.reader());
  serve(now, stream, served, reader, out);
}

void ServedStreams::serve(SteadyPoint now, StreamId stream, Served& served, const StreamReader& reader, Output& out) {
  if (const auto& fault = reader.fault()) {
    ++counters_.streams_failed;
    complain(now, served.from, fault->reason);
    // gossip spec 5: of what is wrong with encryption or compression the sender is told.
    if (!fault->answer) return close(stream, out);
    return answer(now, stream, served, reader, ErrorReply{fault->reason}, out);
  }
  const auto& message = *reader.message();
  if (const auto* state = std::get_if<PushPull>(&message)) {
    // The state is that of before the merge, so that the joiner is not told of itself.
    answer(now, stream, served, reader, PushPull{state->join, membership_.state(), {}}, out);
    if (const auto refused = membership_.merge(now, *state)) complain(now, served.from, "member table refused: " + *refused);
  } else if (const auto* ping = std::get_if<Ping>(&message)) {
    if (!ping->node.empty() && !membership_.is_own(ping->node)) {
      ++counters_.wrong_target;
      complain(now, served.from, "ping for another node: " + ping->node.substr(0, kLongestName));
      return close(stream, out);
    }
    answer(now, stream, served, reader, Ack{ping->seq_no, std::nullopt}, out);
  } else if (std::holds_alternative<User>(message)) {
    close(stream, out);
  } else {
    complain(now, served.from, "message that nobody asked for");
    close(stream, out);
  }
}

/// The connection ends when the other side has read it and closes, or in time.
void ServedStreams::answer(SteadyPoint now, StreamId stream, Served& served, const StreamReader& question,
                           const StreamMessage& message, Output& out) {
  served.answered = true;
  served.deadline = now + settings_.tcp_timeout;
  out.emplace_back(SendStream{.stream = stream, .data = postman_.answer(message, question), .last = true});
}

void ServedStreams::ended(SteadyPoint now, StreamId stream, const std::string& error) {
  const auto it = streams_.find(stream);
  if (it == streams_.end()) return;
  auto& served = it->second;
  held_ -= served.reader.held();
  if (!served.answered) {
    served.reader.finish();
    const auto& fault = served.reader.fault();
    // A connection that brought nothing, like that of a port scan or a health check, is no error (gossip spec 5).
    if (fault || !served.reader.untouched()) {
      ++counters_.streams_failed;
      complain(now, served.from, fault ? fault->reason : error);
    }
  }
  streams_.erase(it);
}

void ServedStreams::on_time(SteadyPoint now, Output& out) {
  std::vector<StreamId> late;
  for (const auto& [stream, served] : streams_) {
    if (served.deadline <= now) late.push_back(stream);
  }
  for (const auto stream : late) {
    const auto& served = streams_.at(stream);
    if (!served.answered) {
      ++counters_.streams_failed;
      complain(now, served.from, "no whole message in time");
    }
    close(stream, out);
  }
}

SteadyPoint ServedStreams::next_deadline() const {
  auto deadline = kIdle;
  for (const auto& [stream, served] : streams_) deadline = std::min(deadline, served.deadline);
  return deadline;
}

void ServedStreams::paused(Duration late) {
  for (auto& [stream, served] : streams_) served.deadline += late;
}

void ServedStreams::close(StreamId stream, Output& out) {
  const auto it = streams_.find(stream);
  held_ -= it->second.reader.held();
  streams_.erase(it);
  out.emplace_back(CloseStream{stream});
}

void ServedStreams::complain(SteadyPoint now, const Endpoint& from, const std::string& reason) {
  const auto source = from.address.to_string();
  if (const auto again = quiet_.turn(now, source)) {
    log_.error({{"op", "memberlist"},
                {"msg", "connection of another node dropped"},
                {"ip", source},
                {"error", reason},
                {"repeated", *again}});
  }
}

}  // namespace metallb::gossip
