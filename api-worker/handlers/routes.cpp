// SPDX-License-Identifier: Apache-2.0
#include "api-worker/handlers/routes.hpp"

#include "api-worker/handlers/document_batch.hpp"
#include "api-worker/handlers/document_changes.hpp"
#include "api-worker/handlers/documents.hpp"
#include "api-worker/handlers/health.hpp"
#include "api-worker/handlers/job_admin.hpp"
#include "api-worker/handlers/jobs.hpp"
#include "api-worker/handlers/metrics.hpp"
#include "api-worker/handlers/openapi.hpp"
#include "api-worker/handlers/search.hpp"

namespace holdfast::api {

Router make_router(const Services& services) {
  Router router;
  add_document_routes(router, services);
  add_document_batch_routes(router, services);
  add_document_change_routes(router, services);
  add_search_routes(router, services);
  add_job_routes(router, services);
  add_job_admin_routes(router, services);
  add_openapi_routes(router, services);
  add_health_routes(router, services);
  add_metrics_routes(router, services);
  return router;
}

}  // namespace holdfast::api
