/** Writes alerts, their tests and the dashboard: `node tools/gen-monitoring.ts`. */
import { writeFiles } from './gen-crd.ts'
import { monitoringFiles } from './monitoring/rules.ts'

if (import.meta.filename === process.argv[1]) writeFiles(monitoringFiles())
