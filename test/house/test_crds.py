"""The custom resource definitions in deploy/crds: well-formed, told to the user, and the same as the structs that read the objects."""

import pathlib
import re

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEFINITIONS = {crd["spec"]["names"]["kind"]: crd
               for crd in (yaml.safe_load(path.read_text()) for path in sorted((ROOT / "deploy" / "crds").glob("*.yaml")))}
VERSIONS = [(kind, version["name"]) for kind, crd in DEFINITIONS.items() for version in crd["spec"]["versions"]]
STRUCTS = (ROOT / "src" / "kube" / "objects" / "metallb.hpp", ROOT / "src" / "kube" / "objects" / "meta.hpp")

# Controller spec 1.1 to 1.9: the columns of `kubectl get`, which scripts read.
COLUMNS = {
    "IPAddressPool": [("Auto Assign", "boolean", ".spec.autoAssign"), ("Avoid Buggy IPs", "boolean", ".spec.avoidBuggyIPs"),
                      ("Addresses", "string", ".spec.addresses")],
    "L2Advertisement": [("IPAddressPools", "string", ".spec.ipAddressPools"),
                        ("IPAddressPool Selectors", "string", ".spec.ipAddressPoolSelectors"),
                        ("Interfaces", "string", ".spec.interfaces"), ("Node Selectors", "string", ".spec.nodeSelectors", 10)],
    "BGPAdvertisement": [("IPAddressPools", "string", ".spec.ipAddressPools"),
                         ("IPAddressPool Selectors", "string", ".spec.ipAddressPoolSelectors"),
                         ("Peers", "string", ".spec.peers"), ("Node Selectors", "string", ".spec.nodeSelectors", 10)],
    "BGPPeer": [("Address", "string", ".spec.peerAddress"), ("ASN", "string", ".spec.peerASN"),
                ("BFD Profile", "string", ".spec.bfdProfile"), ("Multi Hops", "string", ".spec.ebgpMultiHop")],
    "BFDProfile": [("Passive Mode", "boolean", ".spec.passiveMode"), ("Transmit Interval", "integer", ".spec.transmitInterval"),
                   ("Receive Interval", "integer", ".spec.receiveInterval"), ("Multiplier", "integer", ".spec.detectMultiplier")],
    "Community": [],
    "ServiceL2Status": [("Allocated Node", "string", ".status.node"), ("Service Name", "string", ".status.serviceName"),
                        ("Service Namespace", "string", ".status.serviceNamespace")],
    "ServiceBGPStatus": [("Node", "string", ".status.node"), ("Service Name", "string", ".status.serviceName"),
                         ("Service Namespace", "string", ".status.serviceNamespace")],
    "ConfigurationState": [("Result", "string", ".status.result"), ("ErrorSummary", "string", ".status.errorSummary"),
                           ("Age", "date", ".metadata.creationTimestamp")],
}
# What an object must have; everything else may be left out.
REQUIRED = {
    ("IPAddressPool", "v1beta1"): {"spec", "spec.addresses", "status.assignedIPv4", "status.assignedIPv6", "status.availableIPv4",
                                   "status.availableIPv6"},
    ("L2Advertisement", "v1beta1"): {"spec.preferredNodeSelectors[].weight", "spec.preferredNodeSelectors[].preference"},
    ("BGPPeer", "v1beta1"): {"spec.myASN", "spec.peerASN", "spec.peerAddress",
                             *(f"spec.nodeSelectors[].matchExpressions[].{name}" for name in ("key", "operator", "values"))},
    ("BGPPeer", "v1beta2"): {"spec.myASN"},
    ("ConfigurationState", "v1beta1"): {f"status.conditions[].{name}" for name in ("type", "status", "lastTransitionTime", "reason", "message")},
}
DEFAULTS = {
    ("IPAddressPool", "v1beta1"): {"spec.autoAssign": True, "spec.avoidBuggyIPs": False},
    ("BGPAdvertisement", "v1beta1"): {"spec.aggregationLength": 32, "spec.aggregationLengthV6": 128},
    ("BGPPeer", "v1beta2"): {"spec.peerPort": 179, "spec.disableMP": False, "spec.dualStackAddressFamily": False},
}
# Controller spec 1.5: the older version of BGPPeer, which is read only by conversion.
OLD_PEER = {"myASN": "std::int64_t", "peerASN": "std::int64_t", "peerAddress": "std::string", "sourceAddress": "std::string",
            "peerPort": "std::int32_t", "holdTime": "std::string", "keepaliveTime": "std::string", "routerID": "std::string",
            "nodeSelectors": "std::vector<LabelSelector>", "password": "std::string", "bfdProfile": "std::string", "ebgpMultiHop": "bool"}
# Conditions of Nodes and Pods have it, those of our own kinds do not.
ONLY_ELSEWHERE = {"Condition": {"lastHeartbeatTime"}}


def version_of(kind, name):
    return next(version for version in DEFINITIONS[kind]["spec"]["versions"] if version["name"] == name)


def schema_of(kind, version):
    return version_of(kind, version)["schema"]["openAPIV3Schema"]


def nodes(schema, path=""):
    """Every schema within one, with its field path; items of lists as "[]", values of maps as "{}"."""
    yield path, schema
    for name, inner in schema.get("properties", {}).items():
        yield from nodes(inner, f"{path}.{name}" if path else name)
    if "items" in schema:
        yield from nodes(schema["items"], path + "[]")
    if isinstance(schema.get("additionalProperties"), dict):
        yield from nodes(schema["additionalProperties"], path + "{}")


def test_there_is_a_definition_for_every_kind():
    assert sorted(DEFINITIONS) == sorted(COLUMNS)
    assert [name for kind, name in VERSIONS if kind == "BGPPeer"] == ["v1beta1", "v1beta2"]
    assert {name for kind, name in VERSIONS if kind != "BGPPeer"} == {"v1beta1"}


@pytest.mark.parametrize("kind", sorted(COLUMNS))
def test_names_scope_and_conversion_are_the_original_ones(kind):
    crd, names = DEFINITIONS[kind], DEFINITIONS[kind]["spec"]["names"]
    assert crd["apiVersion"] == "apiextensions.k8s.io/v1" and crd["kind"] == "CustomResourceDefinition"
    assert crd["spec"]["group"] == "metallb.io" and crd["spec"]["scope"] == "Namespaced"
    assert names["singular"] == kind.lower() and names["listKind"] == kind + "List"
    assert names["plural"] == {"Community": "communities"}.get(kind, kind.lower() + ("es" if kind.endswith("s") else "s"))
    assert crd["metadata"]["name"] == f"{names['plural']}.metallb.io"
    assert "shortNames" not in names and "categories" not in names
    if kind == "BGPPeer":
        assert crd["spec"]["conversion"] == {
            "strategy": "Webhook", "webhook": {"conversionReviewVersions": ["v1beta1", "v1beta2"], "clientConfig": {"service": {
                "namespace": "metallb-system", "name": "metallb-webhook-service", "path": "/convert"}}}}
    else:
        assert "conversion" not in crd["spec"]


@pytest.mark.parametrize("kind, version", VERSIONS)
def test_versions_columns_and_subresources_are_the_original_ones(kind, version):
    stated = version_of(kind, version)
    old = (kind, version) == ("BGPPeer", "v1beta1")
    assert stated["served"] and stated["storage"] == (not old) and stated.get("deprecated", False) == old
    if old:
        assert stated["deprecationWarning"] == "v1beta1 is deprecated, please use v1beta2"
    assert stated["subresources"] == {"status": {}}
    columns = [tuple(column[part] for part in ("name", "type", "jsonPath", "priority") if part in column)
               for column in stated.get("additionalPrinterColumns", [])]
    assert columns == COLUMNS[kind]


@pytest.mark.parametrize("kind, version", VERSIONS)
def test_schemas_are_structural_and_explain_every_field(kind, version):
    wrong = []
    for path, schema in nodes(schema_of(kind, version)):
        if schema.get("type") not in ("object", "array", "string", "integer", "boolean"):
            wrong.append(f"{path}: no type")
        if len(schema.get("description", "")) < 8 or not schema["description"].endswith("."):
            wrong.append(f"{path}: no description that is a sentence")
        if {"x-kubernetes-preserve-unknown-fields", "x-kubernetes-int-or-string", "$ref", "nullable"} & set(schema):
            wrong.append(f"{path}: not plain")
        if schema.get("type") == "array" and "items" not in schema:
            wrong.append(f"{path}: no items")
        if "properties" in schema and "additionalProperties" in schema:
            wrong.append(f"{path}: properties and additionalProperties")
        if not set(schema.get("required", [])) <= set(schema.get("properties", {})):
            wrong.append(f"{path}: requires what it does not have")
        if "default" in schema and "Default" not in schema["description"] and "no effect" not in schema["description"]:
            wrong.append(f"{path}: the default is not told")
    assert wrong == []


@pytest.mark.parametrize("kind, version", VERSIONS)
def test_required_fields_and_defaults_are_the_original_ones(kind, version):
    required, defaults = set(), {}
    for path, schema in nodes(schema_of(kind, version)):
        required |= {f"{path}.{name}".lstrip(".") for name in schema.get("required", [])}
        if "default" in schema:
            defaults[path] = schema["default"]
    if (kind, version) != ("BGPPeer", "v1beta1"):
        required = {path for path in required if not re.search(r"matchExpressions\[\]\.(key|operator)$", path)}  # of every LabelSelector
    assert required == REQUIRED.get((kind, version), set())
    assert defaults == DEFAULTS.get((kind, version), {})


@pytest.mark.parametrize("kind, version", VERSIONS)
def test_rules_say_what_to_do_and_run_on_every_api_server_since_1_26(kind, version):
    wrong = []
    for path, schema in nodes(schema_of(kind, version)):
        for rule in schema.get("x-kubernetes-validations", []):
            # messageExpression came with 1.27, reason and fieldPath with 1.28, addresses in CEL with 1.31.
            if set(rule) != {"rule", "message"} or len(rule["message"]) < 30 or re.search(r"[A-Z]", rule["message"][0]):
                wrong.append(f"{path}: {rule}")
            if re.search(r"\b(isIP|ip|isCIDR|cidr|quantity|format|optional)\(", rule["rule"]):
                wrong.append(f"{path}: {rule['rule']} is too new")
    assert wrong == []


@pytest.mark.parametrize("kind, version", VERSIONS)
def test_label_selectors_are_all_the_same(kind, version):
    def bare(schema):
        """Without descriptions of schemas; a field may be called so, too."""
        return {key: {name: bare(inner) for name, inner in value.items()} if key == "properties" else
                bare(value) if key in ("items", "additionalProperties") else value
                for key, value in schema.items() if key != "description"}
    text, texts = {"type": "string"}, {"type": "array", "x-kubernetes-list-type": "atomic", "items": {"type": "string"}}
    expression = {"type": "object", "required": ["key", "operator"], "properties": {
        "key": text, "operator": {"type": "string", "enum": ["In", "NotIn", "Exists", "DoesNotExist"]}, "values": texts}}
    expected = {"type": "object", "x-kubernetes-map-type": "atomic", "properties": {
        "matchLabels": {"type": "object", "additionalProperties": text},
        "matchExpressions": {"type": "array", "x-kubernetes-list-type": "atomic", "items": expression}}}
    if (kind, version) == ("BGPPeer", "v1beta1"):  # as the original has it: no Exists, and not atomic
        expression |= {"required": ["key", "operator", "values"],
                       "properties": {"key": text, "operator": text, "values": {"type": "array", "minItems": 1, "items": text}}}
        expected = {"type": "object", "properties": {"matchLabels": {"type": "object", "additionalProperties": text},
                                                     "matchExpressions": {"type": "array", "items": expression}}}
    found = [(path, bare(schema)) for path, schema in nodes(schema_of(kind, version)) if "matchLabels" in schema.get("properties", {})]
    assert [path for path, schema in found if schema != expected] == []


def structs():
    """Name -> member -> type, as declared. The described members must be the declared ones: the rest is not read."""
    out = {}
    for path in STRUCTS:
        text = path.read_text()
        for name, body in re.findall(r"^struct (\w+) \{\n(.*?)^\};", text, re.M | re.S):
            members = {member.rstrip("_"): type_ for type_, member in
                       re.findall(r"^  ([\w:<>]+(?:<[\w:<>]+>)?) (\w+)(?: = [^;]+)?;", body, re.M)}
            described = re.search(rf"BOOST_DESCRIBE_STRUCT\({name},\s*\(\),\s*\(([^)]*)\)\)", text)
            if described:
                assert [member.strip().rstrip("_") for member in described.group(1).split(",")] == list(members), name
                out[name] = members
    return out


def integer_fits(schema, bits):
    bound = {"int32": 31, "int64": 63}.get(schema.get("format"), 63)
    return schema.get("minimum", -2**bound) >= -2**(bits - 1) and schema.get("maximum", 2**bound - 1) < 2**(bits - 1)


def differences(known, type_, schema, path):
    """Between a C++ type and a schema, as sentences."""
    if inner := re.fullmatch(r"std::optional<(.+)>", type_):
        return differences(known, inner.group(1), schema, path)
    stated = schema["type"]
    if inner := re.fullmatch(r"std::vector<(.+)>", type_):
        return differences(known, inner.group(1), schema["items"], path + "[]") if stated == "array" else [f"{path}: {type_}, {stated}"]
    if type_ == "StringMap":
        fits = stated == "object" and schema.get("additionalProperties", {}).get("type") == "string"
        return [] if fits else [f"{path}: {type_}, {stated}"]
    if type_ in known:
        out = [] if stated == "object" else [f"{path}: {type_}, {stated}"]
        members, properties = known[type_], schema.get("properties", {})
        out += [f"{path}.{name}: not in the schema" for name in set(members) - set(properties) - ONLY_ELSEWHERE.get(type_, set())]
        out += [f"{path}.{name}: not in {type_}" for name in set(properties) - set(members)]
        return out + [text for name in set(members) & set(properties)
                      for text in differences(known, members[name], properties[name], f"{path}.{name}")]
    fits = {"std::string": stated == "string", "bool": stated == "boolean",
            "std::int32_t": stated == "integer" and integer_fits(schema, 32),
            "std::int64_t": stated == "integer" and integer_fits(schema, 64)}
    return [] if fits[type_] else [f"{path}: {type_}, {stated}"]


@pytest.mark.parametrize("kind, version", VERSIONS)
def test_schemas_and_structs_have_the_same_fields_and_types(kind, version):
    known = structs()
    assert len(known) > 25
    members = dict(known[kind])
    if (kind, version) == ("BGPPeer", "v1beta1"):
        known["OldPeer"] = OLD_PEER
        members["spec"] = "OldPeer"
    assert members.pop("metadata") == "ObjectMeta"
    schema = schema_of(kind, version)
    wrong = [text for name, type_ in members.items() for text in differences(known, type_, schema["properties"][name], name)]
    # What the code does not read must have no fields: the empty statuses, and the specs of what speakers write.
    wrong += [name for name in set(schema["properties"]) - set(members) if schema["properties"][name].get("properties")]
    assert wrong == []


def kind_of_field(schema):
    """As the user's page calls it."""
    if "matchLabels" in schema.get("properties", {}):
        return "selector"
    if schema["type"] == "array":
        inner = kind_of_field(schema["items"])
        return "list of " + {"text": "texts", "selector": "selectors", "object": "objects"}[inner]
    if schema["type"] == "string" and any("duration(" in rule["rule"] for rule in schema.get("x-kubernetes-validations", [])):
        return "duration"
    return {"string": "text", "integer": "number"}.get(schema["type"], schema["type"])


@pytest.mark.parametrize("kind", sorted(COLUMNS))
def test_the_users_table_lists_every_field_with_its_type_default_and_range(kind):
    page = (ROOT / "docs" / "resources.md").read_text()
    section = re.search(rf"^## {kind}\n(.*?)(?=^## )", page, re.M | re.S).group(1)
    told = {row[0].strip("`"): row[1:] for row in
            ([cell.strip() for cell in line.strip("|\n").split("|")] for line in section.splitlines() if line.startswith("| `"))}
    fields, required = {}, set()
    for path, schema in nodes(schema_of(kind, [name for other, name in VERSIONS if other == kind][-1])):
        if path != "status":  # which no user writes
            required |= {f"{path}.{name}".lstrip(".") for name in schema.get("required", [])}
        # Neither the inside of a selector nor what a list consists of has a row.
        if path and not re.search(r"\.match(Labels|Expressions)\b|\[\]$", path):
            fields[path] = schema
    assert sorted(told) == sorted(fields)
    wrong = []
    for path, schema in fields.items():
        type_, default, range_, _ = told[path]
        if type_ != kind_of_field(schema):
            wrong.append(f"{path}: {type_} is {kind_of_field(schema)}")
        if (path in required) != (default == "required"):
            wrong.append(f"{path}: required or not")
        if "default" in schema and default != str(schema["default"]).lower():
            wrong.append(f"{path}: default {default} is {schema['default']}")
        # An AS number of 0 is refused by a rule of its own.
        bounds = [max(schema["minimum"], 1 if path.endswith("ASN") else 0)] if "minimum" in schema else []
        bounds += [schema[name] for name in ("maximum", "maxItems") if name in schema] + schema.get("enum", [])
        wrong += [f"{path}: the range lacks {bound}" for bound in bounds if not re.search(rf"\b{bound}\b", range_)]
    assert wrong == []
