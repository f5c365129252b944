#include "apiserver/protobuf/messages.hpp"

#include <algorithm>

namespace metallb::apiserver::protobuf {
namespace {

constexpr auto kText = Type::kText;
constexpr auto kNumber = Type::kNumber;
constexpr auto kFlag = Type::kFlag;
constexpr auto kMessage = Type::kMessage;

constexpr Field texts(std::string_view message, std::uint32_t number, std::string_view name) {
  return {message, number, name, kText, {}, true};
}
constexpr Field list(std::string_view message, std::uint32_t number, std::string_view name, std::string_view of) {
  return {message, number, name, kMessage, of, true};
}
constexpr Field pointer(std::string_view message, std::uint32_t number, std::string_view name, Type type) {
  return {message, number, name, type, {}, false, true};
}

// What `kubectl create`, `auth` and client libraries fill in; anything else in a message is refused, never dropped.
constexpr Field kFields[] = {
    {"ObjectMeta", 1, "name", kText},
    {"ObjectMeta", 2, "generateName", kText},
    {"ObjectMeta", 3, "namespace", kText},
    {"ObjectMeta", 5, "uid", kText},
    {"ObjectMeta", 6, "resourceVersion", kText},
    {"ObjectMeta", 7, "generation", kNumber},
    {"ObjectMeta", 8, "creationTimestamp", Type::kTime},
    {"ObjectMeta", 9, "deletionTimestamp", Type::kTime},
    {"ObjectMeta", 10, "deletionGracePeriodSeconds", kNumber},
    {"ObjectMeta", 11, "labels", Type::kTextMap},
    {"ObjectMeta", 12, "annotations", Type::kTextMap},
    list("ObjectMeta", 13, "ownerReferences", "OwnerReference"),
    texts("ObjectMeta", 14, "finalizers"),
    {"OwnerReference", 1, "kind", kText},
    {"OwnerReference", 3, "name", kText},
    {"OwnerReference", 4, "uid", kText},
    {"OwnerReference", 5, "apiVersion", kText},
    pointer("OwnerReference", 6, "controller", kFlag),
    pointer("OwnerReference", 7, "blockOwnerDeletion", kFlag),
    {"LabelSelector", 1, "matchLabels", Type::kTextMap},

    {"Namespace", 1, "metadata", kMessage, "ObjectMeta"},
    {"Namespace", 2, "spec", kMessage, "NamespaceSpec"},
    {"Namespace", 3, "status", kMessage, "NamespaceStatus"},
    texts("NamespaceSpec", 1, "finalizers"),
    {"NamespaceStatus", 1, "phase", kText},

    {"ConfigMap", 1, "metadata", kMessage, "ObjectMeta"},
    {"ConfigMap", 2, "data", Type::kTextMap},
    {"ConfigMap", 3, "binaryData", Type::kBytesMap},
    pointer("ConfigMap", 4, "immutable", kFlag),

    {"Secret", 1, "metadata", kMessage, "ObjectMeta"},
    {"Secret", 2, "data", Type::kBytesMap},
    {"Secret", 3, "type", kText},
    {"Secret", 4, "stringData", Type::kTextMap},
    pointer("Secret", 5, "immutable", kFlag),

    {"ServiceAccount", 1, "metadata", kMessage, "ObjectMeta"},
    pointer("ServiceAccount", 4, "automountServiceAccountToken", kFlag),

    {"Service", 1, "metadata", kMessage, "ObjectMeta"},
    {"Service", 2, "spec", kMessage, "ServiceSpec"},
    {"Service", 3, "status", kMessage, "ServiceStatus"},
    list("ServiceSpec", 1, "ports", "ServicePort"),
    {"ServiceSpec", 2, "selector", Type::kTextMap},
    {"ServiceSpec", 3, "clusterIP", kText},
    {"ServiceSpec", 4, "type", kText},
    texts("ServiceSpec", 5, "externalIPs"),
    {"ServiceSpec", 7, "sessionAffinity", kText},
    {"ServiceSpec", 8, "loadBalancerIP", kText},
    texts("ServiceSpec", 9, "loadBalancerSourceRanges"),
    {"ServiceSpec", 10, "externalName", kText},
    {"ServiceSpec", 11, "externalTrafficPolicy", kText},
    {"ServiceSpec", 12, "healthCheckNodePort", kNumber},
    {"ServiceSpec", 13, "publishNotReadyAddresses", kFlag},
    {"ServiceSpec", 14, "sessionAffinityConfig", kMessage, "SessionAffinityConfig"},
    {"ServiceSpec", 17, "ipFamilyPolicy", kText},
    texts("ServiceSpec", 18, "clusterIPs"),
    texts("ServiceSpec", 19, "ipFamilies"),
    pointer("ServiceSpec", 20, "allocateLoadBalancerNodePorts", kFlag),
    {"ServiceSpec", 21, "loadBalancerClass", kText},
    {"ServiceSpec", 22, "internalTrafficPolicy", kText},
    {"ServiceSpec", 23, "trafficDistribution", kText},
    {"ServicePort", 1, "name", kText},
    {"ServicePort", 2, "protocol", kText},
    {"ServicePort", 3, "port", kNumber},
    {"ServicePort", 4, "targetPort", Type::kIntOrString},
    {"ServicePort", 5, "nodePort", kNumber},
    {"ServicePort", 6, "appProtocol", kText},
    {"ServiceStatus", 1, "loadBalancer", kMessage, "LoadBalancerStatus"},
    list("LoadBalancerStatus", 1, "ingress", "LoadBalancerIngress"),
    {"LoadBalancerIngress", 1, "ip", kText},
    {"LoadBalancerIngress", 2, "hostname", kText},
    {"SessionAffinityConfig", 1, "clientIP", kMessage, "ClientIPConfig"},
    pointer("ClientIPConfig", 1, "timeoutSeconds", kNumber),

    {"Deployment", 1, "metadata", kMessage, "ObjectMeta"},
    {"Deployment", 2, "spec", kMessage, "DeploymentSpec"},
    {"Deployment", 3, "status", kMessage, "DeploymentStatus"},
    pointer("DeploymentSpec", 1, "replicas", kNumber),
    {"DeploymentSpec", 2, "selector", kMessage, "LabelSelector"},
    {"DeploymentSpec", 3, "template", kMessage, "PodTemplateSpec"},
    {"DeploymentSpec", 4, "strategy", kMessage, "DeploymentStrategy"},
    {"DeploymentStrategy", 1, "type", kText},
    {"PodTemplateSpec", 1, "metadata", kMessage, "ObjectMeta"},
    {"PodTemplateSpec", 2, "spec", kMessage, "PodSpec"},
    list("PodSpec", 2, "containers", "Container"),
    {"PodSpec", 3, "restartPolicy", kText},
    {"PodSpec", 6, "dnsPolicy", kText},
    {"PodSpec", 7, "nodeSelector", Type::kTextMap},
    {"PodSpec", 8, "serviceAccountName", kText},
    {"PodSpec", 10, "nodeName", kText},
    {"PodSpec", 11, "hostNetwork", kFlag},
    {"Container", 1, "name", kText},
    {"Container", 2, "image", kText},
    texts("Container", 3, "command"),
    texts("Container", 4, "args"),
    {"Container", 5, "workingDir", kText},
    list("Container", 6, "ports", "ContainerPort"),
    list("Container", 7, "env", "EnvVar"),
    {"Container", 14, "imagePullPolicy", kText},
    {"ContainerPort", 1, "name", kText},
    {"ContainerPort", 2, "hostPort", kNumber},
    {"ContainerPort", 3, "containerPort", kNumber},
    {"ContainerPort", 4, "protocol", kText},
    {"ContainerPort", 5, "hostIP", kText},
    {"EnvVar", 1, "name", kText},
    {"EnvVar", 2, "value", kText},

    {"DeleteOptions", 1, "gracePeriodSeconds", kNumber},
    {"DeleteOptions", 2, "preconditions", kMessage, "Preconditions"},
    {"DeleteOptions", 3, "orphanDependents", kFlag},
    {"DeleteOptions", 4, "propagationPolicy", kText},
    texts("DeleteOptions", 5, "dryRun"),
    {"Preconditions", 1, "uid", kText},
    {"Preconditions", 2, "resourceVersion", kText},

    {"TokenReview", 1, "metadata", kMessage, "ObjectMeta"},
    {"TokenReview", 2, "spec", kMessage, "TokenReviewSpec"},
    {"TokenReviewSpec", 1, "token", kText},
    texts("TokenReviewSpec", 2, "audiences"),
    {"SelfSubjectReview", 1, "metadata", kMessage, "ObjectMeta"},
    {"SubjectAccessReview", 1, "metadata", kMessage, "ObjectMeta"},
    {"SubjectAccessReview", 2, "spec", kMessage, "AccessReviewSpec"},
    {"SelfSubjectAccessReview", 1, "metadata", kMessage, "ObjectMeta"},
    {"SelfSubjectAccessReview", 2, "spec", kMessage, "AccessReviewSpec"},
    {"AccessReviewSpec", 1, "resourceAttributes", kMessage, "ResourceAttributes"},
    {"AccessReviewSpec", 2, "nonResourceAttributes", kMessage, "NonResourceAttributes"},
    {"AccessReviewSpec", 3, "user", kText},
    texts("AccessReviewSpec", 4, "groups"),
    {"AccessReviewSpec", 6, "uid", kText},
    {"ResourceAttributes", 1, "namespace", kText},
    {"ResourceAttributes", 2, "verb", kText},
    {"ResourceAttributes", 3, "group", kText},
    {"ResourceAttributes", 4, "version", kText},
    {"ResourceAttributes", 5, "resource", kText},
    {"ResourceAttributes", 6, "subresource", kText},
    {"ResourceAttributes", 7, "name", kText},
    {"NonResourceAttributes", 1, "path", kText},
    {"NonResourceAttributes", 2, "verb", kText},
};

}  // namespace

const Field* find_field(std::string_view message, std::uint32_t number) {
  const auto* found =
      std::ranges::find_if(kFields, [&](const Field& f) { return f.message == message && f.number == number; });
  return found == std::end(kFields) ? nullptr : found;
}

bool is_message(std::string_view name) {
  return std::ranges::find(kFields, name, &Field::message) != std::end(kFields);
}

}  // namespace metallb::apiserver::protobuf
