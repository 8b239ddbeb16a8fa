#!/bin/bash
# Pod network of a kind node, in place of kindnetd, whose module no Go proxy serves. Same environment, same manifest:
# a ptp network for this node's pods, a route to the pods of every other node, and masquerading of what leaves.
# NetworkPolicies are not enforced.
set -u

account=/var/run/secrets/kubernetes.io/serviceaccount
server="https://${CONTROL_PLANE_ENDPOINT:-$KUBERNETES_SERVICE_HOST:$KUBERNETES_SERVICE_PORT}"
configuration=/etc/cni/net.d/10-kindnet.conflist

list_nodes() {
  curl --silent --show-error --fail --max-time 10 --cacert $account/ca.crt \
    --header "Authorization: Bearer $(cat $account/token)" "$server/api/v1/nodes" |
    jq --raw-output '.items[] | select(.spec.podCIDR) |
      [(.status.addresses[] | select(.type == "InternalIP") | .address), .spec.podCIDR] | join(" ")'
}

configure_own_pods() { # POD_RANGE
  jq --null-input --arg range "$1" '{cniVersion: "0.3.1", name: "kindnet", plugins: [
      {type: "ptp", ipMasq: false, mtu: 1500, ipam: {type: "host-local", dataDir: "/run/cni-ipam-state",
        routes: [{dst: "0.0.0.0/0"}], ranges: [[{subnet: $range}]]}},
      {type: "portmap", capabilities: {portMappings: true}}]}' > "$configuration.new"
  if cmp --silent "$configuration.new" "$configuration"; then
    rm "$configuration.new"
  else
    mv "$configuration.new" "$configuration" && echo "pods of this node: $1"
  fi
}

route_to() { # ADDRESS POD_RANGE
  [[ "$(ip -4 route show "$2") " == *"via $1 "* ]] || { ip route replace "$2" via "$1" && echo "pods of $1: $2"; }
}

masquerade() {
  local rule=(POSTROUTING --source "$POD_SUBNET" ! --destination "$POD_SUBNET" --jump MASQUERADE)
  iptables --wait --table nat --check "${rule[@]}" 2> /dev/null || iptables --wait --table nat --append "${rule[@]}"
}

while true; do
  if nodes=$(list_nodes) && [[ -n "$nodes" ]]; then
    while read -r address range; do
      if [[ "$address" == "$HOST_IP" ]]; then configure_own_pods "$range"; else route_to "$address" "$range"; fi
    done <<< "$nodes"
    masquerade
    sleep 5
  else
    echo "no answer with nodes from $server; trying again"
    sleep 1
  fi
done
