#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "apiserver/tables/table.hpp"
#include "fixture.hpp"

namespace metallb::apiserver::test {
namespace {

using ::testing::ElementsAre;

constexpr auto kTable = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

std::vector<std::string> names(const Answer& list) {
  std::vector<std::string> out;
  for (const auto& item : *array_at(list.body, "items")) out.push_back(text_at(item.as_object(), "metadata.name"));
  return out;
}

TEST(List, PagesShowOneMoment) {
  Api api;
  for (const auto* name : {"a", "b", "c", "d", "e"}) (void)api.post(kConfigMaps, config_map(name));
  const auto first = api.get(kConfigMaps + "?limit=2");
  EXPECT_THAT(names(first), ElementsAre("a", "b"));
  EXPECT_EQ(number_at(first.body, "metadata.remainingItemCount"), 3);
  (void)api.remove(kConfigMaps + "/c");
  (void)api.merge(kConfigMaps + "/d", R"({"data":{"k":"new"}})");
  (void)api.post(kConfigMaps, config_map("cc"));
  const auto second = api.get(kConfigMaps + "?limit=2&continue=" + first.at("metadata.continue"));
  EXPECT_THAT(names(second), ElementsAre("c", "d"));
  EXPECT_EQ(text_at(array_at(second.body, "items")->at(1).as_object(), "data.k"), "v");
  EXPECT_EQ(second.at("metadata.resourceVersion"), first.at("metadata.resourceVersion"));
  const auto last = api.get(kConfigMaps + "?limit=2&continue=" + second.at("metadata.continue"));
  EXPECT_THAT(names(last), ElementsAre("e"));
  EXPECT_EQ(last.at("metadata.continue"), "");
}

TEST(List, AnExpiredPageIsGone) {
  Options options;
  options.watch_window = 1;
  Api api(options);
  for (const auto* name : {"a", "b", "c"}) (void)api.post(kConfigMaps, config_map(name));
  const auto first = api.get(kConfigMaps + "?limit=1");
  (void)api.remove(kConfigMaps + "/a");
  (void)api.remove(kConfigMaps + "/b");
  const auto second = api.get(kConfigMaps + "?limit=1&continue=" + first.at("metadata.continue"));
  EXPECT_EQ(second.status, 410);
  EXPECT_EQ(second.reason(), "Expired");
}

TEST(List, AnExactVersionIsThePast) {
  Api api;
  const auto before = api.post(kConfigMaps, config_map("a")).at("metadata.resourceVersion");
  (void)api.post(kConfigMaps, config_map("b"));
  EXPECT_THAT(names(api.get(kConfigMaps + "?resourceVersionMatch=Exact&resourceVersion=" + before)), ElementsAre("a"));
  EXPECT_THAT(names(api.get(kConfigMaps + "?resourceVersion=" + before)), ElementsAre("a", "b"));
  EXPECT_THAT(names(api.get(kConfigMaps + "?resourceVersion=0")), ElementsAre("a", "b"));
}

TEST(List, SelectsByLabelsAndFields) {
  Api api;
  (void)api.post(kConfigMaps, config_map("a", R"({"app":"x","tier":"1"})"));
  (void)api.post(kConfigMaps, config_map("b", R"({"app":"y"})"));
  EXPECT_THAT(names(api.get(kConfigMaps + "?labelSelector=app%20in%20(x,z)")), ElementsAre("a"));
  EXPECT_THAT(names(api.get(kConfigMaps + "?labelSelector=%21tier")), ElementsAre("b"));
  EXPECT_THAT(names(api.get(kConfigMaps + "?fieldSelector=metadata.name!%3Da")), ElementsAre("b"));
  EXPECT_EQ(api.get(kConfigMaps + "?labelSelector=%3D%3D").status, 400);
  const auto refused = api.get(kConfigMaps + "?fieldSelector=data.k%3Dv");
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.message(), "field label not supported: data.k");
}

TEST(List, EventsAreFoundByWhatTheyAreAbout) {
  Api api;
  const auto event = [](const std::string& name, const std::string& about) {
    return R"({"metadata":{"name":")" + name + R"("},"involvedObject":{"kind":"Service","name":")" + about +
           R"("},"type":"Normal"})";
  };
  (void)api.post("/api/v1/namespaces/default/events", event("e1", "web"));
  (void)api.post("/api/v1/namespaces/default/events", event("e2", "db"));
  EXPECT_THAT(names(api.get("/api/v1/events?fieldSelector=involvedObject.name%3Dweb,type%3DNormal")), ElementsAre("e1"));
}

TEST(Read, UnknownThingsAreNotFound) {
  Api api;
  const auto object = api.get(kServices + "/nosuch");
  EXPECT_EQ(object.status, 404);
  EXPECT_EQ(object.message(), "services \"nosuch\" not found");
  EXPECT_EQ(object.at("details.kind"), "services");
  EXPECT_EQ(api.get(kPools + "/nosuch").message(), "ipaddresspools.metallb.io \"nosuch\" not found");
  EXPECT_EQ(api.get("/apis/example.com/v1/things").reason(), "NotFound");
  EXPECT_EQ(api.get(kServices + "/kubernetes/scale").status, 404);
}

TEST(Read, FormsFollowTheAcceptHeader) {
  Api api;
  EXPECT_EQ(api.get(kServices, kTable).at("kind"), "Table");
  EXPECT_EQ(api.get(kServices + "/kubernetes", kTable).at("kind"), "Table");
  EXPECT_EQ(api.get(kServices, "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io").at("kind"),
            "PartialObjectMetadataList");
  EXPECT_EQ(api.get(kServices, "application/vnd.kubernetes.protobuf,application/json").at("kind"), "ServiceList");
  EXPECT_EQ(api.get(kServices, "application/vnd.kubernetes.protobuf").status, 406);
}

struct RowCase {
  const char* collection;
  std::string body;
  std::vector<std::string> columns;
  const char* cells;  ///< JSON
};

TEST(Table, ShowsTheColumnsThatUsersKnow) {
  const std::vector<RowCase> cases{
      {"/api/v1/nodes",
       R"({"metadata":{"name":"z","labels":{"node-role.kubernetes.io/control-plane":""}},"spec":{"unschedulable":true},"status":{"addresses":[{"type":"InternalIP","address":"10.0.0.1"}],"conditions":[{"type":"Ready","status":"True"}]}})",
       {"Name", "Status", "Roles", "Age", "Version", "Internal-IP", "External-IP", "OS-Image", "Kernel-Version",
        "Container-Runtime"},
       R"(["z","Ready,SchedulingDisabled","control-plane","0s","","10.0.0.1","<none>","<unknown>","<unknown>","<unknown>"])"},
      {"/api/v1/namespaces/default/pods",
       R"({"metadata":{"name":"z"},"spec":{"nodeName":"n","containers":[{"name":"a","image":"i"}]},"status":{"phase":"Running","podIPs":[{"ip":"10.42.0.1"}],"containerStatuses":[{"ready":true,"restartCount":2}]}})",
       {"Name", "Ready", "Status", "Restarts", "Age", "IP", "Node", "Nominated Node", "Readiness Gates"},
       R"(["z","1/1","Running","2","0s","10.42.0.1","n","<none>","<none>"])"},
      {"/api/v1/namespaces/default/events",
       R"({"metadata":{"name":"z"},"involvedObject":{"kind":"Service","name":"web"},"reason":"IPAllocated","message":"Assigned","type":"Normal","count":3,"source":{"component":"c"},"firstTimestamp":"2026-09-21T13:13:20Z","lastTimestamp":"2026-09-21T14:12:20Z"})",
       {"Last Seen", "Type", "Reason", "Object", "Subobject", "Source", "Message", "First Seen", "Count", "Name"},
       R"(["60s","Normal","IPAllocated","service/web","","c","Assigned","60m",3,"z"])"},
      {"/apis/discovery.k8s.io/v1/namespaces/default/endpointslices",
       R"({"metadata":{"name":"z"},"addressType":"IPv4","ports":[{"port":8080}],"endpoints":[{"addresses":["1"]},{"addresses":["2"]},{"addresses":["3"]},{"addresses":["4"]}]})",
       {"Name", "AddressType", "Ports", "Endpoints", "Age"},
       R"(["z","IPv4","8080","1,2,3 + 1 more...","0s"])"},
      {"/apis/metallb.io/v1beta1/namespaces/default/ipaddresspools",
       pool("z"),
       {"Name", "Auto Assign", "Avoid Buggy IPs", "Addresses"},
       R"(["z",true,false,"[\"10.0.0.0/24\"]"])"},
      {"/apis/metallb.io/v1beta1/namespaces/default/communities",
       R"({"metadata":{"name":"z"},"spec":{}})",
       {"Name", "Age"},
       R"(["z","0s"])"},
      {"/apis/metallb.io/v1beta2/namespaces/default/bgppeers",
       R"({"metadata":{"name":"z"},"spec":{"myASN":1,"peerASN":2,"peerAddress":"10.0.0.1"}})",
       {"Name", "Address", "ASN", "BFD Profile", "Multi Hops"},
       R"(["z","10.0.0.1","2",null,null])"},
  };
  for (const auto& c : cases) {
    Api api;
    const auto made = api.post(c.collection, c.body);
    ASSERT_EQ(made.status, 201) << made.text;
    const auto table = api.get(std::string(c.collection) + "/z", kTable);
    std::vector<std::string> columns;
    for (const auto& column : *array_at(table.body, "columnDefinitions"))
      columns.push_back(text_at(column.as_object(), "name"));
    EXPECT_EQ(columns, c.columns) << c.collection;
    EXPECT_EQ(json::serialize(array_at(table.body, "rows")->at(0).as_object().at("cells")), c.cells) << c.collection;
  }
}

TEST(Table, ServicesShowAddressesAndPorts) {
  Api api;
  const auto cells = [&](const std::string& name) {
    const auto table = api.get(kServices + "/" + name, kTable);
    return array_at(table.body, "rows")->at(0).as_object().at("cells").as_array();
  };
  (void)api.post(kServices, service("lb", R"("clusterIP":"10.43.0.8")"));
  EXPECT_EQ(cells("lb").at(3), json::value("<pending>"));
  (void)api.merge(kServices + "/lb/status",
                  R"({"status":{"loadBalancer":{"ingress":[{"ip":"192.168.1.200"},{"hostname":"h"}]}}})");
  EXPECT_EQ(cells("lb").at(3), json::value("192.168.1.200,h"));
  EXPECT_EQ(cells("lb").at(2), json::value("10.43.0.8"));
  EXPECT_EQ(cells("kubernetes").at(3), json::value("<none>"));
  EXPECT_EQ(cells("kubernetes").at(4), json::value("443/TCP"));
  EXPECT_EQ(cells("kubernetes").at(6), json::value("<none>"));
  (void)api.merge(kServices + "/lb", R"({"spec":{"ports":[{"port":80,"nodePort":30099}]}})");
  EXPECT_EQ(cells("lb").at(4), json::value("80:30099/TCP"));
}

TEST(Table, RowsCarryWhatIsAskedFor) {
  Api api;
  const auto row = [&](const std::string& query) {
    return array_at(api.get(kServices + query, kTable).body, "rows")->at(0).as_object();
  };
  EXPECT_EQ(text_at(row(""), "object.kind"), "PartialObjectMetadata");
  EXPECT_EQ(text_at(row("?includeObject=Object"), "object.kind"), "Service");
  EXPECT_EQ(row("?includeObject=None").if_contains("object"), nullptr);
}

TEST(Table, DurationsAreShort) {
  using namespace std::chrono_literals;
  const std::pair<Duration, const char*> cases[] = {
      {-2s, "<invalid>"},          {0s, "0s"},           {119s, "119s"},      {2min, "2m"},
      {3min + 5s, "3m5s"},         {10min + 5s, "10m"},  {179min, "179m"},    {3h, "3h"},
      {7h + 5min, "7h5m"},         {8h + 5min, "8h"},    {47h, "47h"},        {48h, "2d"},
      {7 * 24h + 3h, "7d3h"},      {8 * 24h + 3h, "8d"}, {729 * 24h, "729d"}, {731 * 24h, "2y1d"},
      {8 * 365 * 24h + 24h, "8y"},
  };
  for (const auto& [duration, text] : cases) EXPECT_EQ(human_duration(duration), text);
}

}  // namespace
}  // namespace metallb::apiserver::test
