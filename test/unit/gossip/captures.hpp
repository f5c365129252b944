// What two and three speakers of the original said to each other (gossip spec 12.4 to 12.6): every packet and stream with
// its meaning, in the words of the specification.
#pragma once

#include <string_view>

namespace metallb::gossip::test {

enum class Secrecy { kPlain, kSealed, kLabelled };

struct Capture {
  std::string_view when;  ///< section, seconds since the start
  bool stream = false;
  Secrecy secrecy = Secrecy::kPlain;
  std::string_view hex;
  std::string_view meaning;
};

inline constexpr Capture kCaptures[] = {
    {"12.4, 0.002, TCP request worker2 -> worker1", true, Secrecy::kPlain,
     "0982a4416c676f00a3427566da0069000d0c22a5e44d1a37c34a397943a6cc9c00acaacc2923670a9d3074ca3029e306c0215241c8909143ea0f00"
     "000256257133268c1c3718d3bc7113805493321781917212a64d995377dec859435106292842e93433a2a194458c65008cb232c78da90005049c04"
     "1010",
     "compress( push/pull Join=True Nodes=1 UserStateLen=0 {Addr=127.0.0.2 Incarnation=1 Meta=nil Name=worker2 Port=17946 "
     "State=0 Vsn=010502000000} )"},
    {"12.4, 0.002, TCP answer worker1 -> worker2", true, Secrecy::kPlain,
     "0982a4416c676f00a3427566da0069000d0c22a5e44d1a37c34a397943a6cc9c00acaacc2923670a9d3074ca3029e306c0215241c8909143ea0f00"
     "000156257133268c1c3718d3bc7113805493321781917212a64d995377dec859433106292842e93433a2a194458c65008cb232c78da90005049c04"
     "1010",
     "compress( push/pull Join=True Nodes=1 UserStateLen=0 {Addr=127.0.0.1 Incarnation=1 Meta=nil Name=worker1 Port=17946 "
     "State=0 Vsn=010502000000} )"},
    {"12.4, 0.201, UDP worker1 -> worker2", false, Secrecy::kPlain,
     "0c4894b0f50982a4416c676f00a3427566da0071000f0800f083200143a48290212387d41f000004ac4ae2664c18396ec2d049f3c64d00524dcad0"
     "09038c94933764ca9cbaf346ce9a3272649082d2924e33231a465999e3c654800203211e4cb8b0e14300012656bc987163c78f2147963c997265cb"
     "977262ccac7933e7ce9e3f83020808",
     "crc( compress( compound[ alive Addr=127.0.0.2 Incarnation=1 Meta=nil Node=worker2 Port=17946 Vsn=010502000000 ; alive "
     "Addr=127.0.0.1 Incarnation=1 Meta=nil Node=worker1 Port=17946 Vsn=010502000000 ] ) )"},
    {"12.4, 0.202, UDP worker2 -> worker1", false, Secrecy::kPlain,
     "0cc76110210982a4416c676f00a3427566da0071000f0800f083200143a48290212387d41f000002ac4ae2664c18396ec2d049f3c64d00524dcad0"
     "09038c94933764ca9cbaf346ce9a3272629082d2924e33231a465999e3c654800203211e4cb8b0e14300022656bc987163c78f2147963c997265cb"
     "977264ccac7933e7ce9e3f83020808",
     "crc( compress( compound[ alive Addr=127.0.0.1 Incarnation=1 Meta=nil Node=worker1 Port=17946 Vsn=010502000000 ; alive "
     "Addr=127.0.0.2 Incarnation=1 Meta=nil Node=worker2 Port=17946 Vsn=010502000000 ] ) )"},
    {"12.4, 1.002, UDP worker1 -> worker2", false, Secrecy::kPlain,
     "0085a44e6f6465a7776f726b657232a55365714e6f01aa536f7572636541646472a47f000001aa536f757263654e6f6465a7776f726b657231aa53"
     "6f75726365506f7274cd461a",
     "ping Node=worker2 SeqNo=1 SourceAddr=127.0.0.1 SourceNode=worker1 SourcePort=17946"},
    {"12.4, 1.002, UDP worker2 -> worker1", false, Secrecy::kPlain,
     "0085a44e6f6465a7776f726b657231a55365714e6f01aa536f7572636541646472a47f000002aa536f757263654e6f6465a7776f726b657232aa53"
     "6f75726365506f7274cd461a",
     "ping Node=worker1 SeqNo=1 SourceAddr=127.0.0.2 SourceNode=worker2 SourcePort=17946"},
    {"12.4, 1.003, UDP worker2 -> worker1", false, Secrecy::kPlain, "0282a75061796c6f6164c0a55365714e6f01",
     "ack Payload=nil SeqNo=1"},
    {"12.4, 2.603, UDP worker2 -> worker1", false, Secrecy::kPlain,
     "0c29956c5c0583a446726f6da7776f726b657232ab496e6361726e6174696f6e01a44e6f6465a7776f726b657232",
     "crc( dead From=worker2 Incarnation=1 Node=worker2 )"},
    {"12.4, 3.002, UDP worker2 -> worker1", false, Secrecy::kPlain,
     "0702004700290085a44e6f6465a7776f726b657231a55365714e6f02aa536f7572636541646472a47f000002aa536f757263654e6f6465a7776f72"
     "6b657232aa536f75726365506f7274cd461a0583a446726f6da7776f726b657232ab496e6361726e6174696f6e01a44e6f6465a7776f726b65723"
     "2",
     "compound[ ping Node=worker1 SeqNo=2 SourceAddr=127.0.0.2 SourceNode=worker2 SourcePort=17946 ; dead From=worker2 "
     "Incarnation=1 Node=worker2 ]"},
    {"12.4, 3.003, UDP worker1 -> worker2", false, Secrecy::kPlain,
     "0702001200290282a75061796c6f6164c0a55365714e6f020583a446726f6da7776f726b657232ab496e6361726e6174696f6e01a44e6f6465a777"
     "6f726b657232",
     "compound[ ack Payload=nil SeqNo=2 ; dead From=worker2 Incarnation=1 Node=worker2 ]"},
    {"12.5, 0.001, TCP request worker2 -> worker1", true, Secrecy::kSealed,
     "0a0000009501ad645b7e93698929a4c3ac72afa22e9de4c90f5c5ca269174e970cbbe0bb0a2972a9f048f3ae2585e22c13ab14fd1b1c1814cd338c"
     "6cbb04c8a1c3e19da8afedd55096e2cadfecc960ee4f3a228f68567bf04ac17e5890ec165ecfece682922aa3c2b8cbc002083565b0510f247d7a91"
     "2d4c3f27c3c0defa7da683ec5047deeaafc542d8a8fa19eb2fade0aa7b4d8a5a5374e0ff",
     "compress( push/pull Join=True Nodes=1 UserStateLen=0 {Addr=127.0.0.2 Incarnation=1 Meta=nil Name=worker2 Port=17946 "
     "State=0 Vsn=010502000000} )"},
    {"12.5, 0.001, TCP answer worker1 -> worker2", true, Secrecy::kSealed,
     "0a000000950101c45b0cc401475db66a2bf3a6197520dd5776e1c9bfdc0c2a8debe0a51947aff487f3578c73068e42fc815aae39d4fffd2dfe5f24"
     "b1286008d509b8ceb1a15f5d3d0104c926d1507df20ebef8754a0aea921e8dbc421d2e709093f9302b676c274767537dbd5969fb295ef1d1293099"
     "34c78b598a9c10eebbdcd2b0904829d046ac81be3349d508cd323127f601a80f0e2f10c9",
     "compress( push/pull Join=True Nodes=1 UserStateLen=0 {Addr=127.0.0.1 Incarnation=1 Meta=nil Name=worker1 Port=17946 "
     "State=0 Vsn=010502000000} )"},
    {"12.5, 0.201, UDP worker1 -> worker2", false, Secrecy::kSealed,
     "015015c48058c9a32f95e7e7f658861cd456092462cceaffe7786d0d8d23b812c31d6b316b7b3b37dece0d6229ede0f657e9f0e05b0997860a74ed"
     "12419ed494d18f3f043e87174d39ac7b202f182c96ccdeadf1aa1f487f724d152459f6a38092bcb147e233fa4019785a92659583d7f2404d02f768"
     "9ca73e0875f43d1b738468829ce20b57279eb25eeb732238744dc796f606fc11b3ffd855fcfb6935a9129d44",
     "crc( compress( compound[ alive Addr=127.0.0.2 Incarnation=1 Meta=nil Node=worker2 Port=17946 Vsn=010502000000 ; alive "
     "Addr=127.0.0.1 Incarnation=1 Meta=nil Node=worker1 Port=17946 Vsn=010502000000 ] ) )"},
    {"12.5, 0.201, UDP worker2 -> worker1", false, Secrecy::kSealed,
     "01e2f2982c112bba1caef0c27c414fd863e15937707bf18f4ec329ced5acf2a01cc2a532d84d8286e0728b7fdc395ddc9b4c77dbf15d3baf483435"
     "414d00debaa1605bbc383e7bea2362669cea95e0f7e9bbb226bb2e8b340ce6a6112e57a80e548e3932ddcb5585ce2dc4139d5ea5a600d1c4ecca90"
     "fa71e570483afef085c463e824b71d5717addab69a3bea5fb7921b651573ffd1c00fe42272f23af835c6f60d",
     "crc( compress( compound[ alive Addr=127.0.0.1 Incarnation=1 Meta=nil Node=worker1 Port=17946 Vsn=010502000000 ; alive "
     "Addr=127.0.0.2 Incarnation=1 Meta=nil Node=worker2 Port=17946 Vsn=010502000000 ] ) )"},
    {"12.5, 1.001, UDP worker1 -> worker2", false, Secrecy::kSealed,
     "0108d401a60edf981b91cc540ce85e66fbb1e471b181ba2ec72ac0484efd66e34681f44f7911c1ab5038e3ac53209ade0a337fc4c905de2b85ecca"
     "08770152028ff93cf0d6ae930f0996bb0899a2744d876119b8bd799fba2475549c8e6976d0292382ea",
     "ping Node=worker2 SeqNo=1 SourceAddr=127.0.0.1 SourceNode=worker1 SourcePort=17946"},
    {"12.5, 1.002, UDP worker2 -> worker1", false, Secrecy::kSealed,
     "014ac3eb176b75de44255b1ed578e981913c8d2fd61f1a3f44e288879d16e8937c8fb069e98ae45cdf5462b3d687dc",
     "ack Payload=nil SeqNo=1"},
    {"12.5, 1.002, UDP worker2 -> worker1", false, Secrecy::kSealed,
     "011a4981fc80047fa8c2b4abde8d91f9928c7f679527abda16846169f658ae3b77af38da3692be7797a94ce756299871d8187c3ea0ee1515d3adb5"
     "861701f2340d4fea4169fd50874f878a8b8f8b7e684d42dfc5ff932823d00767e6bc625265ccebdba3",
     "ping Node=worker1 SeqNo=1 SourceAddr=127.0.0.2 SourceNode=worker2 SourcePort=17946"},
    {"12.5, 2.602, UDP worker2 -> worker1", false, Secrecy::kSealed,
     "0139237a5fc144f497010b44a93a2cf25ae7516a034b01bcfd02abeb125ce93be66a65a66193e980c220d453c0a08769d02be6c2c25948c8cdefe0"
     "bc002a2e7ec3f5b30520cc8c4dea22a6",
     "crc( dead From=worker2 Incarnation=1 Node=worker2 )"},
    {"12.5, 3.001, UDP worker2 -> worker1", false, Secrecy::kSealed,
     "017374ae1de565b6b314eef0af1bccc1fa76bc7b53f43e13385e8a90f30a9ffc654f4bb5247ccb636cdbbc0619756fc8568805a95f35df0cf5a0ef"
     "ab7b777e796dcaaf6003b036a2ab1093d3e5c024a955b5beb9979687db7d710bf0c9ae9a5bcd11192ed71a5992aae161c5b24881d44c6aeab24789"
     "05565c43c1d5b14a61b3371fa46e9954b5d9fe435a7ffc2590b9d2ec3f",
     "compound[ ping Node=worker1 SeqNo=2 SourceAddr=127.0.0.2 SourceNode=worker2 SourcePort=17946 ; dead From=worker2 "
     "Incarnation=1 Node=worker2 ]"},
    {"12.5, 3.001, UDP worker1 -> worker2", false, Secrecy::kSealed,
     "016fe0c4c83d249200607c839860e3f1d4dac2f57880e109ca3dd39e3d2e33c722da81500eadeb77ddbfd5730d81e95e27f54387ee5c7d8b6fa3d6"
     "08731e6fa29cb6ac2cfa0b8b284684295de3bea5347ec770c28fb07aa8f03b289c18b4",
     "compound[ ack Payload=nil SeqNo=2 ; dead From=worker2 Incarnation=1 Node=worker2 ]"},
    {"12.5, with label, TCP request worker2 -> worker1", true, Secrecy::kLabelled,
     "0a0000009501fd9c5499d840613e59555a58ea59a486e674bd6c7292e91a5a20468e1c86359b305d83371669a1b5d012492c40b007f6d7dce5c7e4"
     "f2d1e6d6a6209a135d3bd877d08880e68c0450c7966bd4b4073d60dc807c3f8bb2be70dc616579fb393b819d3babf777998f6a47b920f09087cd48"
     "f840834abc0cdfd1da4634c5760b42aaa90da04c88f61b979ed327ba95dec6d6a147f2a6",
     "compress( push/pull Join=True Nodes=1 UserStateLen=0 {Addr=127.0.0.2 Incarnation=1 Meta=nil Name=worker2 Port=17946 "
     "State=0 Vsn=010502000000} )"},
    {"12.5, with label, TCP answer worker1 -> worker2", true, Secrecy::kLabelled,
     "0a00000095014794525c2a86f0964467e91c81ade2648308f26b5c0367f033f050c36bb4e8fa4b7bdc6e6f3d7e95e688e769d0655978feb0de5054"
     "7767c534b29231323683b9f8ceeff1ef0d6d14a94f287a8426e05f3eb5224ac61449ba4744337cecd09cc4738bf42e7c9b20cdf7aaaeee3fc39a4e"
     "5e7b25a8f49d802cb00e7d4ae5f60311bfb163139bd04308739753bffc5354552d30570e",
     "compress( push/pull Join=True Nodes=1 UserStateLen=0 {Addr=127.0.0.1 Incarnation=1 Meta=nil Name=worker1 Port=17946 "
     "State=0 Vsn=010502000000} )"},
    {"12.5, with label, UDP worker2 -> worker1", false, Secrecy::kLabelled,
     "f404626c756501602935f75e832439973f06d11e236467a78b0868eaccf7787b028e4272b7ff4612d0c1dc3de6785338078419a266d6fb9b3af3d8"
     "94e46bc9256855028bbe4e273adeb7e932e4bbbecc4b32ffe3b2c91fef6d141510aef991d83d50ea78e27b3e1e90f67dec84841581057da9c568a5"
     "5be58bb14b643935845af98b8b71cd8a4d13fde0a574518b4c5be58c4d03bdea81ebdccb9e8ca6a84f190fc1a23155239e5c",
     "crc( compress( compound[ alive Addr=127.0.0.1 Incarnation=1 Meta=nil Node=worker1 Port=17946 Vsn=010502000000 ; alive "
     "Addr=127.0.0.2 Incarnation=1 Meta=nil Node=worker2 Port=17946 Vsn=010502000000 ] ) )"},
    {"12.5, with label, UDP worker1 -> worker2", false, Secrecy::kLabelled,
     "f404626c7565010c8a0094fea9000542576c1eb46309dc641e479254e584ab1b64e66b6973d11924501053fc9945b89f575f2bdd7b8b2a63342eb5"
     "56431563d406f0d8b97fa05630fa4e6281b0d306dd1ebccf82c86889eae0414efbbc755aba27075c9d14c86462c0c9c724a3d9fac3c0f5eb65f74c"
     "5a9bc44aadf660628ef85f9facccb004139b5303d765e792cad4cf59d65b386ee601ac1abf16e5ab62ec6aa97b519dbbda15",
     "crc( compress( compound[ alive Addr=127.0.0.2 Incarnation=1 Meta=nil Node=worker2 Port=17946 Vsn=010502000000 ; alive "
     "Addr=127.0.0.1 Incarnation=1 Meta=nil Node=worker1 Port=17946 Vsn=010502000000 ] ) )"},
    {"12.5, with label, UDP worker1 -> worker2", false, Secrecy::kLabelled,
     "f404626c756501aff574a64e32a0494c9f1146749f458ddd989c54f65930c6e88ea12351d160e750665e39420f04e64cc5c0ab611cdf145b4b3492"
     "afb358a101bf5d5f985286702c7372f84acfc226bc953825adb225c76d59de056f8593fe623f3f6a020c0ae44a5151",
     "ping Node=worker2 SeqNo=1 SourceAddr=127.0.0.1 SourceNode=worker1 SourcePort=17946"},
    {"12.6, 4.001, UDP worker1 -> worker2", false, Secrecy::kPlain,
     "0085a44e6f6465a7776f726b657232a55365714e6f04aa536f7572636541646472a47f000001aa536f757263654e6f6465a7776f726b657231aa53"
     "6f75726365506f7274cd461a",
     "ping Node=worker2 SeqNo=4 SourceAddr=127.0.0.1 SourceNode=worker1 SourcePort=17946"},
    {"12.6, 4.001, UDP worker2 -> worker1", false, Secrecy::kPlain, "0282a75061796c6f6164c0a55365714e6f04",
     "ack Payload=nil SeqNo=4"},
    {"12.6, 4.001, UDP worker2 -> worker3", false, Secrecy::kPlain,
     "0085a44e6f6465a7776f726b657233a55365714e6f04aa536f7572636541646472a47f000002aa536f757263654e6f6465a7776f726b657232aa53"
     "6f75726365506f7274cd461a",
     "ping Node=worker3 SeqNo=4 SourceAddr=127.0.0.2 SourceNode=worker2 SourcePort=17946"},
    {"12.6, 4.503, UDP worker2 -> worker1", false, Secrecy::kPlain,
     "0188a44e61636bc3a44e6f6465a7776f726b657233a4506f7274cd461aa55365714e6f04aa536f7572636541646472a47f000002aa536f75726365"
     "4e6f6465a7776f726b657232aa536f75726365506f7274cd461aa6546172676574a47f000003",
     "indirectPing Nack=True Node=worker3 Port=17946 SeqNo=4 SourceAddr=127.0.0.2 SourceNode=worker2 SourcePort=17946 "
     "Target=127.0.0.3"},
    {"12.6, 4.503, UDP worker1 -> worker3", false, Secrecy::kPlain,
     "0085a44e6f6465a7776f726b657233a55365714e6f05aa536f7572636541646472a47f000001aa536f757263654e6f6465a7776f726b657231aa53"
     "6f75726365506f7274cd461a",
     "ping Node=worker3 SeqNo=5 SourceAddr=127.0.0.1 SourceNode=worker1 SourcePort=17946"},
    {"12.6, 5.002, UDP worker2 -> worker1", false, Secrecy::kPlain,
     "0702004700290085a44e6f6465a7776f726b657231a55365714e6f05aa536f7572636541646472a47f000002aa536f757263654e6f6465a7776f72"
     "6b657232aa536f75726365506f7274cd461a0383a446726f6da7776f726b657232ab496e6361726e6174696f6e01a44e6f6465a7776f726b65723"
     "3",
     "compound[ ping Node=worker1 SeqNo=5 SourceAddr=127.0.0.2 SourceNode=worker2 SourcePort=17946 ; suspect From=worker2 "
     "Incarnation=1 Node=worker3 ]"},
    {"12.6, 5.002, UDP worker1 -> worker2", false, Secrecy::kPlain, "0282a75061796c6f6164c0a55365714e6f05",
     "ack Payload=nil SeqNo=5"},
    {"12.6, 5.004, UDP worker1 -> worker2", false, Secrecy::kPlain,
     "0702000900290b81a55365714e6f040383a446726f6da7776f726b657232ab496e6361726e6174696f6e01a44e6f6465a7776f726b657233",
     "compound[ nack SeqNo=4 ; suspect From=worker2 Incarnation=1 Node=worker3 ]"},
    {"12.6, 5.201, UDP worker1 -> worker3", false, Secrecy::kPlain,
     "0c437035cf0383a446726f6da7776f726b657232ab496e6361726e6174696f6e01a44e6f6465a7776f726b657233",
     "crc( suspect From=worker2 Incarnation=1 Node=worker3 )"},
    {"12.6, 6.000, UDP worker1 -> worker2", false, Secrecy::kPlain,
     "0085a44e6f6465a7776f726b657232a55365714e6f06aa536f7572636541646472a47f000001aa536f757263654e6f6465a7776f726b657231aa53"
     "6f75726365506f7274cd461a",
     "ping Node=worker2 SeqNo=6 SourceAddr=127.0.0.1 SourceNode=worker1 SourcePort=17946"},
    {"12.6, 6.001, UDP worker2 -> worker1", false, Secrecy::kPlain, "0282a75061796c6f6164c0a55365714e6f06",
     "ack Payload=nil SeqNo=6"},
    {"12.6, 6.001, UDP worker2 -> worker3", false, Secrecy::kPlain,
     "0ca78b6fd90702004700290085a44e6f6465a7776f726b657233a55365714e6f06aa536f7572636541646472a47f000002aa536f757263654e6f64"
     "65a7776f726b657232aa536f75726365506f7274cd461a0383a446726f6da7776f726b657232ab496e6361726e6174696f6e01a44e6f6465a7776f"
     "726b657233",
     "crc( compound[ ping Node=worker3 SeqNo=6 SourceAddr=127.0.0.2 SourceNode=worker2 SourcePort=17946 ; suspect "
     "From=worker2 Incarnation=1 Node=worker3 ] )"},
    {"12.6, 6.501, UDP worker2 -> worker1", false, Secrecy::kPlain,
     "0188a44e61636bc3a44e6f6465a7776f726b657233a4506f7274cd461aa55365714e6f06aa536f7572636541646472a47f000002aa536f75726365"
     "4e6f6465a7776f726b657232aa536f75726365506f7274cd461aa6546172676574a47f000003",
     "indirectPing Nack=True Node=worker3 Port=17946 SeqNo=6 SourceAddr=127.0.0.2 SourceNode=worker2 SourcePort=17946 "
     "Target=127.0.0.3"},
    {"12.6, 6.502, UDP worker1 -> worker3", false, Secrecy::kPlain,
     "0085a44e6f6465a7776f726b657233a55365714e6f07aa536f7572636541646472a47f000001aa536f757263654e6f6465a7776f726b657231aa53"
     "6f75726365506f7274cd461a",
     "ping Node=worker3 SeqNo=7 SourceAddr=127.0.0.1 SourceNode=worker1 SourcePort=17946"},
    {"12.6, 7.001, UDP worker1 -> worker3", false, Secrecy::kPlain,
     "0cb508088f0702004700290085a44e6f6465a7776f726b657233a55365714e6f08aa536f7572636541646472a47f000001aa536f757263654e6f64"
     "65a7776f726b657231aa536f75726365506f7274cd461a0383a446726f6da7776f726b657231ab496e6361726e6174696f6e01a44e6f6465a7776f"
     "726b657233",
     "crc( compound[ ping Node=worker3 SeqNo=8 SourceAddr=127.0.0.1 SourceNode=worker1 SourcePort=17946 ; suspect "
     "From=worker1 Incarnation=1 Node=worker3 ] )"},
    {"12.6, 7.001, UDP worker2 -> worker3", false, Secrecy::kPlain,
     "0c67d204430702004700290085a44e6f6465a7776f726b657233a55365714e6f07aa536f7572636541646472a47f000002aa536f757263654e6f64"
     "65a7776f726b657232aa536f75726365506f7274cd461a0383a446726f6da7776f726b657232ab496e6361726e6174696f6e01a44e6f6465a7776f"
     "726b657233",
     "crc( compound[ ping Node=worker3 SeqNo=7 SourceAddr=127.0.0.2 SourceNode=worker2 SourcePort=17946 ; suspect "
     "From=worker2 Incarnation=1 Node=worker3 ] )"},
    {"12.6, 7.003, UDP worker1 -> worker2", false, Secrecy::kPlain, "0b81a55365714e6f06", "nack SeqNo=6"},
    {"12.6, 7.502, UDP worker2 -> worker1", false, Secrecy::kPlain,
     "0188a44e61636bc3a44e6f6465a7776f726b657233a4506f7274cd461aa55365714e6f07aa536f7572636541646472a47f000002aa536f75726365"
     "4e6f6465a7776f726b657232aa536f75726365506f7274cd461aa6546172676574a47f000003",
     "indirectPing Nack=True Node=worker3 Port=17946 SeqNo=7 SourceAddr=127.0.0.2 SourceNode=worker2 SourcePort=17946 "
     "Target=127.0.0.3"},
    {"12.6, 7.502, UDP worker1 -> worker3", false, Secrecy::kPlain,
     "0085a44e6f6465a7776f726b657233a55365714e6f09aa536f7572636541646472a47f000001aa536f757263654e6f6465a7776f726b657231aa53"
     "6f75726365506f7274cd461a",
     "ping Node=worker3 SeqNo=9 SourceAddr=127.0.0.1 SourceNode=worker1 SourcePort=17946"},
    {"12.6, 7.502, UDP worker1 -> worker2", false, Secrecy::kPlain,
     "0188a44e61636bc3a44e6f6465a7776f726b657233a4506f7274cd461aa55365714e6f08aa536f7572636541646472a47f000001aa536f75726365"
     "4e6f6465a7776f726b657231aa536f75726365506f7274cd461aa6546172676574a47f000003",
     "indirectPing Nack=True Node=worker3 Port=17946 SeqNo=8 SourceAddr=127.0.0.1 SourceNode=worker1 SourcePort=17946 "
     "Target=127.0.0.3"},
    {"12.6, 7.502, UDP worker2 -> worker3", false, Secrecy::kPlain,
     "0085a44e6f6465a7776f726b657233a55365714e6f08aa536f7572636541646472a47f000002aa536f757263654e6f6465a7776f726b657232aa53"
     "6f75726365506f7274cd461a",
     "ping Node=worker3 SeqNo=8 SourceAddr=127.0.0.2 SourceNode=worker2 SourcePort=17946"},
    {"12.6, 8.002, UDP worker1 -> worker2", false, Secrecy::kPlain,
     "0085a44e6f6465a7776f726b657232a55365714e6f0aaa536f7572636541646472a47f000001aa536f757263654e6f6465a7776f726b657231aa53"
     "6f75726365506f7274cd461a",
     "ping Node=worker2 SeqNo=10 SourceAddr=127.0.0.1 SourceNode=worker1 SourcePort=17946"},
    {"12.6, 8.002, UDP worker2 -> worker1", false, Secrecy::kPlain, "0282a75061796c6f6164c0a55365714e6f0a",
     "ack Payload=nil SeqNo=10"},
    {"12.6, 8.002, UDP worker1 -> worker2", false, Secrecy::kPlain, "0b81a55365714e6f07", "nack SeqNo=7"},
    {"12.6, 8.003, UDP worker2 -> worker1", false, Secrecy::kPlain, "0b81a55365714e6f08", "nack SeqNo=8"},
    {"12.6, 9.001, UDP worker1 -> worker3", false, Secrecy::kPlain,
     "0c2e92b2600702004700290085a44e6f6465a7776f726b657233a55365714e6f0baa536f7572636541646472a47f000001aa536f757263654e6f64"
     "65a7776f726b657231aa536f75726365506f7274cd461a0383a446726f6da7776f726b657231ab496e6361726e6174696f6e01a44e6f6465a7776f"
     "726b657233",
     "crc( compound[ ping Node=worker3 SeqNo=11 SourceAddr=127.0.0.1 SourceNode=worker1 SourcePort=17946 ; suspect "
     "From=worker1 Incarnation=1 Node=worker3 ] )"},
    {"12.6, 9.002, UDP worker2 -> worker1", false, Secrecy::kPlain,
     "0085a44e6f6465a7776f726b657231a55365714e6f09aa536f7572636541646472a47f000002aa536f757263654e6f6465a7776f726b657232aa53"
     "6f75726365506f7274cd461a",
     "ping Node=worker1 SeqNo=9 SourceAddr=127.0.0.2 SourceNode=worker2 SourcePort=17946"},
    {"12.6, 9.002, UDP worker1 -> worker2", false, Secrecy::kPlain, "0282a75061796c6f6164c0a55365714e6f09",
     "ack Payload=nil SeqNo=9"},
    {"12.6, 9.200, UDP worker2 -> worker3", false, Secrecy::kPlain,
     "0c5e925cca0583a446726f6da7776f726b657232ab496e6361726e6174696f6e01a44e6f6465a7776f726b657233",
     "crc( dead From=worker2 Incarnation=1 Node=worker3 )"},
    {"12.6, 9.201, UDP worker1 -> worker2", false, Secrecy::kPlain,
     "0ced0671090583a446726f6da7776f726b657231ab496e6361726e6174696f6e01a44e6f6465a7776f726b657233",
     "crc( dead From=worker1 Incarnation=1 Node=worker3 )"},
};

}  // namespace metallb::gossip::test
