"""The lab: a LAN of network namespaces with nodes, a router and a client, and the real binary in every node.

It stands in for what a cluster brings along besides MetalLB: `kubelet` (pods as namespaces with an HTTP server),
`endpoints` (EndpointSlices), `proxy` (nftables rules in place of kube-proxy). The API server, the controller and the
speakers are the product's own binary. `envtest.real_cluster` is the same lab with Kubernetes' own programs; there only
the kubelet and the scheduler (`scheduler`) are played. Everything lives in namespaces that the lab made, and ends with it.
"""
