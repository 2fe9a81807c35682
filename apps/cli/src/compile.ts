export { compilePlaybook } from '@braid/workflow';
