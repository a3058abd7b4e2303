/** The Azure clouds that Latchkey knows by name; others are in the settings. */

/** As `az cloud list` names them. */
export const azureCloudNames = ['AzureCloud', 'AzureUSGovernment', 'AzureChinaCloud'] as const;
export type AzureCloudName = (typeof azureCloudNames)[number];
