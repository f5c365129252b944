#include "app/command.hpp"

int main(int argc, char** argv) {
  return metallb::app::run(argc, argv);
}
