#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A shell: a child says READY=1 (notify_access = "all"). Has no socket.
holdfast notify READY=1 "STATUS=by holdfast notify"
exec sleep infinity
