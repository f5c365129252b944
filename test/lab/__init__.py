"""The lab: a LAN of network namespaces with nodes, a router and a client, and the real binary in every node.

It stands in for what a cluster brings along besides MetalLB: `kubelet` (pods as namespaces with an HTTP server),
`endpoints` (EndpointSlices), `proxy` (nftables rules in place of kube-proxy). The API server, the controller and the
speakers are the product's own binary. Everything lives in namespaces that the lab made, and ends with it.
"""
