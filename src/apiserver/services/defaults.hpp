// What a real server fills into a Service before it looks at it, and what it carries over on a change.
#pragma once

#include "apiserver/json_access.hpp"

namespace metallb::apiserver {

/// Values for what is left out: type, session affinity, traffic policies, protocols, target ports.
void default_service(json::object& service);
/// How each address of a load balancer in the status is used: as a virtual one, unless it says otherwise.
void default_service_status(json::object& service);
/// On an update: carries allocated values over where `after` leaves them out, and drops what belongs only to the type that
/// the Service had before.
void carry_over_service(json::object& after, const json::object& before);

/// "ClusterIP", "NodePort", "LoadBalancer" or "ExternalName".
[[nodiscard]] std::string service_type(const json::object& service);
[[nodiscard]] bool needs_cluster_ip(const json::object& service);
[[nodiscard]] bool needs_node_ports(const json::object& service);
[[nodiscard]] bool needs_health_check_port(const json::object& service);

}  // namespace metallb::apiserver
