// SPDX-License-Identifier: Apache-2.0
#include "api-worker/app.hpp"

int main(int argc, char** argv) {
  return holdfast::worker::run_worker(argc, argv, "holdfast-api-worker",
                                      holdfast::api::make_service);
}
