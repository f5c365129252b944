"""The binary against a real Kubernetes control plane on loopback: etcd and kube-apiserver, under RBAC.

`programs` finds or builds the programs (`assets/build`), `control_plane` runs them, `rbac.yaml` holds the rights that the binary gets,
`component` runs the binary with them, `definitions` and `webhooks` bring what must be there first. `real_cluster` puts all of it into
the lab, with kube-controller-manager and kube-proxy.
"""
