export { engineFailure, expressionFailure } from '../failures';
